"""A quicker copy of the shipped files differs from them in durations alone, and in every one."""

import re
from pathlib import Path

import pytest

from exporter.config.validators import parse_duration
from stack.shipped import ALERTMANAGER, BY_THE_CLOCK, PROMETHEUS
from stack.speed import hurry

FILES = [
    *sorted(file for file in (PROMETHEUS / "rules").glob("*.yaml") if file.name not in BY_THE_CLOCK),
    PROMETHEUS / "prometheus.yaml",
    ALERTMANAGER / "alertmanager.yaml",
]
DURATION = re.compile(r"(?<![\w.])(?:\d+(?:ms|[smhdwy]))+(?!\w)")


def without_comments(text: str) -> str:
    return re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_duration_is_so_many_times_shorter_and_nothing_else_changes(file: Path) -> None:
    shipped = without_comments(file.read_text())
    hurried = without_comments(hurry(file.read_text(), 60))
    assert [parse_duration(text) * 60 for text in DURATION.findall(hurried)] == [
        parse_duration(text) for text in DURATION.findall(shipped)
    ]
    kept = re.sub(r"\(\((.+)\) / 60\)", r"(\1)", DURATION.sub("…", hurried))
    assert kept == DURATION.sub("…", shipped)


def test_thresholds_in_seconds_are_shorter_but_for_those_of_an_expiry() -> None:
    shipped = (PROMETHEUS / "rules" / "thresholds.yaml").read_text()
    of_seconds = re.findall(r"record: zapi:threshold:(\w+_seconds)", shipped)
    text = hurry(shipped, 60)
    shortened = re.findall(r"threshold:(\w+)\n +expr: vector\(\(", text)
    assert shortened == [name for name in of_seconds if not name.startswith("expiring_")]
    assert "disconnected_seconds" in shortened
    assert "expr: vector(7 * 86400)" in text


def test_nothing_is_made_shorter_than_the_machine_is_quick() -> None:
    assert hurry("group_wait: 30s\ngroup_interval: 5m\nfor: 1s\n", 60, least=2) == (
        "group_wait: 2s\ngroup_interval: 5s\nfor: 1s\n"
    )


def test_the_speed_of_the_shipped_files_is_one() -> None:
    assert hurry("for: 5m\n", 1) == "for: 5m\n"
