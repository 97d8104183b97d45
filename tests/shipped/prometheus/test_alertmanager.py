"""The example for Alertmanager: who is told of what."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.demo.scenario import build_scenario
from tests.shipped.prometheus.tools import ALERTMANAGER, ROOT, amtool

CONFIG = ALERTMANAGER / "alertmanager.yaml"
TEMPLATES = ALERTMANAGER / "templates"


def config() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    return document


@pytest.mark.needs("amtool")
def test_the_example_is_valid() -> None:
    outcome = amtool("check-config", CONFIG)

    assert outcome.succeeded, outcome.output
    assert "1 templates" in outcome.output


@pytest.mark.needs("amtool")
def test_the_example_is_valid_with_the_templates_of_either_language(tmp_path: Path) -> None:
    document = config()
    document["templates"] = [str(TEMPLATES / "pt-BR.tmpl")]
    (tmp_path / "alertmanager.yaml").write_text(yaml.safe_dump(document))

    outcome = amtool("check-config", tmp_path / "alertmanager.yaml")

    assert outcome.succeeded, outcome.output


def test_secrets_stand_in_files_where_old_versions_can_read_them() -> None:
    """Every secret but the one that old versions cannot read stands in a file."""

    text = CONFIG.read_text()

    assert {Path(path).parent for path in re.findall(r"_file: (\S+)", text)} == {
        Path("/etc/alertmanager/secrets")
    }
    assert re.findall(r"(?:password|token|credentials|api_url): (.+)", text) == ["PUT-THE-BOT-TOKEN-HERE"]


@pytest.mark.needs("amtool")
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("severity=critical", "on-call,everybody"),
        ("severity=warning", "everybody"),
        ("severity=info", "everybody"),
        ("severity=critical team=sales", "on-call,sales"),
        ("severity=warning team=sales", "sales"),
        ("severity=critical team=support", "on-call,support"),
        ("severity=warning team=support", "support"),
        ("severity=critical team=finance", "on-call,finance"),
        ("severity=critical team=other", "on-call,everybody"),
        ("severity=warning team=other", "everybody"),
        ("severity=critical team=sales environment=test", "nobody"),
        ("severity=critical environment=staging", "nobody"),
        ("severity=critical environment=production", "on-call,everybody"),
    ],
)
def test_an_alert_reaches_those_who_can_act(labels: str, receivers: str) -> None:
    outcome = amtool(
        "config",
        "routes",
        "test",
        f"--config.file={CONFIG}",
        f"--verify.receivers={receivers}",
        *labels.split(),
    )

    assert outcome.succeeded, outcome.output


def test_every_receiver_but_nobody_tells_the_end_too() -> None:
    for receiver in config()["receivers"]:
        channels = [channel for key, value in receiver.items() if key != "name" for channel in value]
        assert bool(channels) == (receiver["name"] != "nobody")
        assert all(channel["send_resolved"] for channel in channels)


def test_nothing_silences_anything() -> None:
    """An inhibition is a race after each restart of Alertmanager; the rules tell the cause alone."""
    assert "inhibit_rules" not in config()


def test_alerts_of_one_team_are_one_message() -> None:
    """Alerts of one team are one message and a change is told within a minute."""

    route = config()["route"]

    assert route["group_by"] == ["alertname", "job", "team"]
    assert (route["group_wait"], route["group_interval"]) == ("30s", "1m")
    assert not any("group_by" in child or "group_interval" in child for child in route["routes"])


def test_the_teams_are_those_of_the_readme_and_of_the_demo() -> None:
    routed = set(re.findall(r'team="(\w+)"', CONFIG.read_text()))
    demo = {member.configured.labels["team"] for member in build_scenario(20, now=0.0)}
    readme = set(re.findall(r"labels: {team: (\w+)}", (ROOT / "README.md").read_text(encoding="utf-8")))

    assert readme
    assert readme <= routed == demo
