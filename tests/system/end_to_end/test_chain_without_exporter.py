"""A Prometheus that scrapes no exporter, and has no thresholds, says so once through the whole chain."""

import signal
from pathlib import Path
from typing import Final

import pytest

from stack.shipped import PROMETHEUS
from tests.system.end_to_end.chain import Chain, chain
from tests.system.end_to_end.fleets import Fleet, polled
from tests.system.end_to_end.story import Trouble, expected, heard, of_no_trouble, play, wrong_words

SPEED: Final = 75

pytestmark = [pytest.mark.needs("prometheus", "prometheus-alertmanager"), pytest.mark.timeout(240)]


def test_a_missing_exporter_and_missing_thresholds_are_told_once_and_so_is_their_end(tmp_path: Path) -> None:
    fleet = Fleet("zapi", ["vendas"])
    with (
        polled(tmp_path, [fleet], speed=SPEED),
        chain(tmp_path, {"zapi": []}, speed=SPEED, without_rules=["thresholds.yaml"]) as running,
    ):
        play(running, troubles := [no_exporter(running, fleet), no_thresholds(running)], minutes=60)

        assert heard(running, troubles) == expected(troubles)
        assert of_no_trouble(running, troubles) == []
        assert wrong_words(running, troubles) == []


def no_exporter(running: Chain, fleet: Fleet) -> Trouble:
    return Trouble(
        "ZapiExporterMissing",
        "zapi-exporter",
        "[CRITICAL] Prometheus scrapes no zapi-exporter",
        ("on-call", "everybody"),
        begin=lambda: None,
        mend=lambda: running.scrape("zapi", [fleet.address]),
    )


def no_thresholds(running: Chain) -> Trouble:
    return Trouble(
        "ZapiThresholdsMissing",
        "zapi-exporter",
        "[WARNING] The alert thresholds of zapi-exporter are not loaded",
        ("everybody",),
        begin=lambda: None,
        mend=lambda: load(running, "thresholds.yaml"),
    )


def load(running: Chain, rule_file: str) -> None:
    shipped = PROMETHEUS / "rules" / rule_file
    (running.directory / "rules" / rule_file).write_text(shipped.read_text())
    running.prometheus.process.send_signal(signal.SIGHUP)
