"""Every alert about a running exporter, told once and ended once, through the whole chain.

The shipped rules and routes run many times as fast as shipped: ``stack.speed`` says what that changes.
"""

from pathlib import Path
from typing import Final

import pytest

from harness.processes import eventually
from tests.shipped.prometheus.tools import alerts
from tests.system.end_to_end.chain import Chain, chain
from tests.system.end_to_end.fleets import polled
from tests.system.end_to_end.story import expected, heard, of_no_trouble, play, wrong_words
from tests.system.end_to_end.troubles import (
    new_fleets,
    of_an_exporter,
    of_many_instances,
    of_one_instance,
    two_names,
)

SPEED: Final = 75
LONGEST: Final = 120
"""Minutes that the slowest of these alerts, flapping, takes to be told and to end, and some more."""

ELSEWHERE: Final = {"ZapiExporterMissing", "ZapiThresholdsMissing"}
"""What is told where there is no exporter, or only half of the rules: a story of its own."""

SILENCED: Final = {
    ("crowd", "ZapiInstanceDisconnected"): 200,
    ("outage", "ZapiInstancePollsFailing"): 6,
    ("outage", "ZapiInstanceValuesStale"): 6,
    ("office", "ZapiInstancePollsFailing"): 1,
    ("office", "ZapiInstanceExpiringSoon"): 1,
    ("branch", "ZapiInstancePollsFailing"): 1,
    ("branch", "ZapiInstanceExpiringImminently"): 1,
}
"""Job and alert → how many instances had it, without anybody being told: there was a cause to tell."""


@pytest.mark.needs("prometheus", "prometheus-alertmanager")
@pytest.mark.timeout(300)
def test_each_trouble_is_told_once_in_its_own_words_to_whom_it_concerns_and_so_is_its_end(
    tmp_path: Path,
) -> None:
    fleets = new_fleets()
    with polled(tmp_path, fleets.all(), speed=SPEED):
        targets = {fleet.job: [fleet.address] for fleet in fleets.all()}
        targets[fleets.shards.job] = two_names(fleets.shards)
        with chain(tmp_path, targets, speed=SPEED) as running:
            connected = sum(len(fleet.names) for fleet in fleets.all()) + len(fleets.shards.names)
            eventually(lambda: running.prometheus.values("sum(zapi_instance_connected)") == [connected])
            troubles = [
                *of_one_instance(fleets),
                *of_many_instances(fleets),
                *of_an_exporter(fleets, running),
            ]
            play(running, troubles, minutes=LONGEST)

            assert {trouble.alert for trouble in troubles} | ELSEWHERE == {rule.name for rule in alerts()}
            assert heard(running, troubles) == expected(troubles)
            assert of_no_trouble(running, troubles) == []
            assert wrong_words(running, troubles) == []
            assert silenced(running) == SILENCED


def silenced(running: Chain) -> dict[tuple[str, str], float]:
    """How many instances had the alerts that :data:`SILENCED` names, at any time."""
    fired = 'count_over_time(ALERTS{alertstate="firing",name!=""}[10m])'
    counts = running.prometheus.query(
        f"count by (job, alertname) (group by (job, alertname, name) ({fired}))"
    )
    by_alert = {(labels["job"], labels["alertname"]): counts[key] for key in counts for labels in [dict(key)]}
    return {key: by_alert.get(key, 0) for key in SILENCED}
