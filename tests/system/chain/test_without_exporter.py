"""A Prometheus that scrapes no exporter, and has no thresholds, says so once through the whole chain."""

from pathlib import Path
from typing import Final

import pytest

from stack.shipped import PROMETHEUS
from stack.speed import hurry
from tests.system.chain.chain import Chain, chain
from tests.system.chain.fleets import Fleet, polled
from tests.system.chain.story import CRITICAL, WARNING, Story, Trouble

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
        no_thresholds = Trouble(
            "ZapiThresholdsMissing",
            {},
            WARNING,
            mend=lambda: load_thresholds(running),
            title="[WARNING] Alert rules or thresholds of zapi-exporter are not loaded",
        )
        no_exporter = Trouble(
            "ZapiExporterMissing",
            {},
            CRITICAL,
            mend=lambda: running.scrape("zapi", fleet.addresses),
            title="[CRITICAL] Prometheus scrapes no zapi-exporter",
        )
        Story(running, [no_thresholds, no_exporter], LONGEST).play_well()


def load_thresholds(running: Chain) -> None:
    text = (PROMETHEUS / "rules" / "thresholds.yaml").read_text()
    (running.directory / "rules" / "thresholds.yaml").write_text(hurry(text, running.speed))
    running.reload()
