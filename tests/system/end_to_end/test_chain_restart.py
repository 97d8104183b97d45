"""What a real chain of Prometheus and Alertmanager must not tell anybody.

The shipped rules and routes run many times as fast as shipped, but slowly enough that the exporter can be started
again within seconds that count as a minute or two.
"""

from pathlib import Path
from typing import Final

import pytest

from exporter.demo.answers import html_error
from harness.processes import eventually
from harness.waiting import wait_until
from tests.system.end_to_end.chain import chain
from tests.system.end_to_end.fleets import Fleet, polled

SPEED: Final = 30
LONGEST_FOR: Final = 11
"""Minutes after which every alert would fire for which a restart could be the reason."""


@pytest.mark.needs("prometheus", "prometheus-alertmanager")
@pytest.mark.timeout(240)
def test_a_killed_and_restarted_exporter_pages_nobody_and_repeats_and_ends_no_alert(tmp_path: Path) -> None:
    fleet = Fleet("zapi", ["caixa", "vendas", "suporte", "financeiro"])
    with (
        polled(tmp_path, [fleet], speed=SPEED),
        chain(tmp_path, {"zapi": [fleet.address]}, speed=SPEED) as running,
    ):
        fleet.set("caixa", connected=False)
        wait_until(lambda: len(running.messages) == 2, patience=120)

        fleet.kill()
        fleet.start()
        restarted = running.minutes()
        fleet.spoil("vendas", html_error(503))
        eventually(lambda: running.prometheus.values('zapi_instance_up{name="vendas"}') == [0])
        fleet.spoil("vendas", None)
        wait_until(lambda: running.minutes() > restarted + LONGEST_FOR, patience=240, pause=0.5)
        running.pass_a_group_interval()

        assert running.prometheus.values('ALERTS{alertname="ZapiInstanceDisconnected"}') == [1]
        assert running.prometheus.values("changes(process_start_time_seconds[5m])") == [1]
        assert sorted((message.receiver, message.title) for message in running.without_witnesses()) == [
            ("everybody", "[CRITICAL] caixa is disconnected from WhatsApp"),
            ("on-call", "[CRITICAL] caixa is disconnected from WhatsApp"),
        ]
