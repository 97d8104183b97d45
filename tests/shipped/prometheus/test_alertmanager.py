"""The example for Alertmanager: who is told, what is silenced by what, and what a message says."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.model.poll_result import Reason
from tests.shipped.prometheus.inhibition import Labels, inhibits
from tests.shipped.prometheus.tools import ALERTMANAGER, alerts, amtool

CONFIG = ALERTMANAGER / "alertmanager.yaml"
TEMPLATES = ALERTMANAGER / "templates"
LANGUAGES = ("en", "pt-BR")
RUNBOOK = "https://example.com/docs/runbooks/ZapiInstancePollsFailing.md"


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


def test_every_secret_but_the_one_that_old_versions_cannot_read_stands_in_a_file() -> None:
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


def alert(name: str, /, **labels: str) -> Labels:
    if name.startswith("ZapiInstance"):
        labels = {"name": "vendas", "job": "zapi", "instance": "exporter:10917", **labels}
    elif name in {
        "ZapiManyInstancesDisconnected",
        "ZapiApiDown",
        "ZapiRateLimited",
        "ZapiExporterTargetLost",
    }:
        labels = {"job": "zapi", **labels}
    elif name.startswith("ZapiExporter") and name != "ZapiExporterMissing":
        labels = {"job": "zapi", "instance": "exporter:10917", **labels}
    return {"alertname": name, **labels}


OF_AN_INSTANCE = [rule.name for rule in alerts() if rule.name.startswith("ZapiInstance")]
FROM_VALUES = (
    "ZapiInstanceDisconnected",
    "ZapiInstanceExpiringSoon",
    "ZapiInstanceExpiringImminently",
    "ZapiInstanceExpired",
    "ZapiInstanceUnpaid",
    "ZapiInstanceWebhookMissing",
    "ZapiInstanceWebhookUnexpected",
)
INHIBITED: dict[str, Sequence[str]] = {
    "ZapiExporterDown": (*OF_AN_INSTANCE, "ZapiExporterBehind", "ZapiExporterReloadFailed"),
    "ZapiExporterMissing": ("ZapiExporterTargetLost",),
    "ZapiApiDown": ("ZapiInstancePollsFailing", "ZapiInstanceValuesStale", "ZapiManyInstancesDisconnected"),
    "ZapiRateLimited": ("ZapiInstancePollsFailing",),
    "ZapiInstanceCredentialsRefused": ("ZapiInstancePollsFailing", "ZapiInstanceValuesStale"),
    "ZapiInstanceWrongInstance": ("ZapiInstancePollsFailing", "ZapiInstanceValuesStale"),
    "ZapiInstanceValuesStale": ("ZapiInstancePollsFailing",),
    "ZapiInstancePollsFailing": FROM_VALUES,
    "ZapiManyInstancesDisconnected": ("ZapiInstanceDisconnected",),
    "ZapiInstanceExpired": (
        "ZapiInstanceExpiringImminently",
        "ZapiInstanceExpiringSoon",
        "ZapiInstanceUnpaid",
    ),
    "ZapiInstanceExpiringImminently": ("ZapiInstanceExpiringSoon",),
}


@pytest.mark.parametrize("source", [rule.name for rule in alerts()])
def test_an_alert_silences_what_follows_from_it_and_nothing_else(source: str) -> None:
    rules = config()["inhibit_rules"]

    silenced = {rule.name for rule in alerts() if inhibits(rules, alert(source), alert(rule.name))}

    assert silenced == set(INHIBITED.get(source, ()))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (source, target)
        for source, targets in INHIBITED.items()
        for target in targets
        if target in OF_AN_INSTANCE
    ],
)
def test_an_alert_silences_nothing_of_another_job_or_instance(source: str, target: str) -> None:
    rules = config()["inhibit_rules"]

    assert not inhibits(rules, alert(source), alert(target, job="other"))
    if source.startswith("ZapiInstance"):
        assert not inhibits(rules, alert(source), alert(target, name="suporte"))
    if "instance" in alert(source):
        assert not inhibits(rules, alert(source), alert(target, instance="other:10917"))


def render(
    language: str, firing: Sequence[dict[str, Any]], resolved: Sequence[dict[str, Any]], place: Path
) -> str:
    together = [{**one, "status": "firing"} for one in firing] + [
        {**one, "status": "resolved"} for one in resolved
    ]
    first = together[0]
    data = {
        "status": "firing" if firing else "resolved",
        "alerts": together,
        "commonLabels": {key: first["labels"][key] for key in ("alertname", "severity")},
        "commonAnnotations": {"runbook_url": first["annotations"]["runbook_url"]},
    }
    (place / "data.json").write_text(json.dumps(data))
    outcome = amtool(
        "template",
        "render",
        f"--template.glob={TEMPLATES / f'{language}.tmpl'}",
        f"--template.data={place / 'data.json'}",
        '--template.text={{ template "zapi.title" . }}|{{ template "zapi.text" . }}',
    )
    assert outcome.succeeded, outcome.output
    return outcome.output


def sample(name: str, alertname: str = "ZapiInstancePollsFailing", reason: str = "timeout") -> dict[str, Any]:
    return {
        "labels": {
            "alertname": alertname,
            "severity": "critical",
            "name": name,
            "job": "zapi",
            "team": "sales",
        },
        "annotations": {
            "summary": f"summary of {name}",
            "description": f"Description of {name}. Reason: words ({reason}).",
            "labels": "team=sales ",
            "runbook_url": RUNBOOK,
        },
        "startsAt": "2026-01-02T03:04:05Z",
    }


@pytest.mark.needs("amtool")
def test_a_message_about_one_alert_says_what_since_when_and_what_to_do(tmp_path: Path) -> None:
    text = render("en", [sample("vendas")], [], tmp_path)

    assert text.startswith("[CRITICAL] summary of vendas|Description of vendas.")
    assert "Labels: team=sales\n" in text
    assert "Since 2026-01-02 03:04 UTC" in text
    assert text.rstrip().endswith(f"What to do: {RUNBOOK}")


@pytest.mark.needs("amtool")
def test_the_same_in_portuguese_with_the_reason_and_the_portuguese_runbook(tmp_path: Path) -> None:
    text = render("pt-BR", [sample("vendas")], [], tmp_path)

    assert text.startswith("[CRÍTICO] as consultas de vendas à Z-API falham|")
    assert "Motivo: a Z-API não respondeu a tempo." in text
    assert text.rstrip().endswith(
        "O que fazer: https://example.com/docs/runbooks/pt-BR/ZapiInstancePollsFailing.md"
    )


@pytest.mark.needs("amtool")
@pytest.mark.parametrize("language", LANGUAGES)
def test_two_hundred_alerts_are_one_short_message(language: str, tmp_path: Path) -> None:
    text = render(language, [sample(f"n{number}") for number in range(200)], [], tmp_path)

    assert "200" in text.split("|")[0]
    assert "n19" in text
    assert "n20 " not in text
    assert len(text) < 4096


@pytest.mark.needs("amtool")
@pytest.mark.parametrize(("language", "word"), [("en", "[RESOLVED]"), ("pt-BR", "[RESOLVIDO]")])
def test_the_end_of_an_alert_is_told_as_such(language: str, word: str, tmp_path: Path) -> None:
    text = render(language, [], [sample("vendas")], tmp_path)

    assert text.startswith(word)
    assert "vendas" in text.split("|")[1]


@pytest.mark.needs("amtool")
@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_portuguese_words(reason: Reason, tmp_path: Path) -> None:
    assert "Motivo: " in render("pt-BR", [sample("vendas", reason=reason.value)], [], tmp_path)


@pytest.mark.needs("amtool")
@pytest.mark.parametrize("name", [rule.name for rule in alerts()])
def test_every_alert_has_a_portuguese_title(name: str, tmp_path: Path) -> None:
    assert "summary" not in render("pt-BR", [sample("vendas", alertname=name)], [], tmp_path)
