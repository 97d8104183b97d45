"""Every alert about a running exporter, told once and ended once, through the whole chain."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from harness.processes import eventually
from tests.shipped.prometheus.tools import alerts
from tests.system.chain import troubles
from tests.system.chain.chain import Targets, chain
from tests.system.chain.fleets import Fleet, polled
from tests.system.chain.story import Story
from tests.system.chain.troubles import (
    down,
    new_fleets,
    of_an_exporter,
    of_collectors,
    of_many_instances,
    of_one_instance,
)

SPEED: Final = 20
LONGEST: Final = 45
"""Minutes that the slowest of these alerts takes to be told and to end, and some more."""
SHORTENED: Final = {
    **dict.fromkeys(("unpaid_seconds", "unknown_seconds", "queue_stuck_seconds"), 600),
    "collector_failing_seconds": 480,
    "phone_offline_seconds": 480,
    "phone_offline_critical_seconds": 840,
}
"""Half an hour, an hour, a day or ten days as shipped."""

ELSEWHERE: Final = {
    "ZapiExporterMissing",
    "ZapiThresholdsMissing",
    "ZapiInstanceSourceFailing",
    "ZapiInstanceSourceIncomplete",
}
"""What is told where there is no exporter, only half of the rules, or a list of instances: stories of their own."""

LEFT_OF_THE_CROWD: Final = {"alertname": "ZapiInstanceDisconnected", "job": "crowd"}
"""Those that are still down when the mass event ends are told singly: how many depends on the order of polls."""

GRAVEST: Final = {
    *("ZapiInstanceDisconnected", "ZapiInstanceExpired", "ZapiInstanceWebhookMissing"),
    *("ZapiInstanceCredentialsRefused", "ZapiInstanceSubscriptionEnded"),
}
"""Of one instance: with an exporter that is down, what each change is tested with. The others are told by night."""

REAL: Final = pytest.mark.needs("prometheus", "prometheus-alertmanager")

pytestmark = pytest.mark.timeout(1800)


def test_every_alert_has_its_trouble() -> None:
    named = set(re.findall(r'"(Zapi\w+)"', Path(troubles.__file__).read_text(encoding="utf-8")))
    assert named | ELSEWHERE == {rule.name for rule in alerts()}


def addresses(fleets: Sequence[Fleet]) -> Targets:
    return {fleet.job: fleet.addresses for fleet in fleets}


@REAL
def test_the_gravest_troubles_are_told_once_to_whom_they_concern(tmp_path: Path) -> None:
    fleets = new_fleets()
    served = [fleets["shop"], fleets["mortal"]]
    with (
        polled(tmp_path, served, speed=SPEED),
        chain(tmp_path, addresses(served), speed=SPEED) as running,
    ):
        gravest = [trouble for trouble in of_one_instance(fleets) if trouble.alert in GRAVEST]
        assert {trouble.alert for trouble in gravest} == GRAVEST
        Story(running, [*gravest, down(fleets["mortal"])], LONGEST).play_well()


@REAL
@pytest.mark.nightly
def test_each_trouble_is_told_once_to_whom_it_concerns_and_so_is_its_end(tmp_path: Path) -> None:
    fleets = new_fleets()
    served = list(fleets.values())
    with (
        polled(tmp_path, served, speed=SPEED),
        chain(tmp_path, addresses(served), speed=SPEED, thresholds=SHORTENED) as running,
    ):
        listed = "job:zapi_instance_listed:count"
        eventually(lambda: len(running.prometheus.query(listed)) == len(served))
        told = [*of_one_instance(fleets), *of_collectors(fleets), *of_many_instances(fleets)]
        told += of_an_exporter(fleets, running)
        assert {trouble.alert for trouble in told} | ELSEWHERE == {rule.name for rule in alerts()}
        Story(running, told, LONGEST, allowed=[LEFT_OF_THE_CROWD]).play_well()
