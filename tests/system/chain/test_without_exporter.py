"""A Prometheus that scrapes no exporter, and has no thresholds, says so once through the whole chain."""

from pathlib import Path
from typing import Final

import pytest

from stack.shipped import PROMETHEUS
from stack.speed import hurry
from tests.system.chain.chain import Chain, chain
from tests.system.chain.fleets import Fleet, polled
from tests.system.chain.story import Story, Trouble

SPEED: Final = 30
LONGEST: Final = 45

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.needs("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(1800),
]


def test_a_missing_exporter_and_missing_thresholds_are_told_once(tmp_path: Path) -> None:
    """Thresholds are loaded first: without them nobody can know for how long an exporter may be missing."""
    fleet = Fleet("zapi", ["vendas"])
    with (
        polled(tmp_path, [fleet], speed=SPEED),
        chain(tmp_path, {"zapi": []}, speed=SPEED, without_rules=["thresholds.yaml"]) as running,
    ):
        story = Story(running, [no_thresholds(running), no_exporter(running, fleet)], LONGEST)
        story.play()

        assert not story.wrong(), "\n".join(story.wrong())


def no_exporter(running: Chain, fleet: Fleet) -> Trouble:
    return Trouble(
        "ZapiExporterMissing",
        {},
        ("on-call", "everybody"),
        begin=lambda: None,
        mend=lambda: running.scrape("zapi", fleet.addresses),
        title="[CRITICAL] Prometheus scrapes no zapi-exporter",
    )


def no_thresholds(running: Chain) -> Trouble:
    return Trouble(
        "ZapiThresholdsMissing",
        {},
        ("everybody",),
        begin=lambda: None,
        mend=lambda: load(running, "thresholds.yaml"),
        title="[WARNING] Alert rules or thresholds of zapi-exporter are not loaded",
    )


def load(running: Chain, rule_file: str) -> None:
    text = (PROMETHEUS / "rules" / rule_file).read_text()
    (running.directory / "rules" / rule_file).write_text(hurry(text, running.speed))
    running.reload()
