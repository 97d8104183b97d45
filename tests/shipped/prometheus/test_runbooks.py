"""Every alert has a runbook in both languages, and what a runbook asks of Prometheus can be asked."""

import re
from pathlib import Path

import pytest
import yaml

from exporter.metrics.instance_metrics import INSTANCE_METRICS, UNTIL_DUE
from exporter.metrics.metric import MetricType
from exporter.metrics.self_metrics import EXPORTER_METRICS
from tests.shipped.prometheus.tools import RUNBOOKS, alerts, promtool, rules

PORTUGUESE = RUNBOOKS / "pt-BR"
HEADINGS = {
    RUNBOOKS: ["Meaning", "Impact", "Confirm", "Fix", "Silence"],
    PORTUGUESE: ["Significado", "Impacto", "Confirmar", "Corrigir", "Silenciar"],
}
RUNBOOK_FILES = [file for place in HEADINGS for file in sorted(place.glob("Zapi*.md"))]
OVERRIDES = {
    f"zapi_instance:threshold:{ending}"
    for ending in (
        "disconnected_seconds",
        "expiring_soon_seconds",
        "expiring_imminently_seconds",
        "flapping_disconnects",
        "phone_offline_seconds",
        "phone_offline_critical_seconds",
        "session_lost_seconds",
        "queue_stuck_seconds",
        "queue_full_messages",
    )
}


def queries(file: Path) -> list[str]:
    return re.findall(r"```promql\n(.*?)```", file.read_text(), re.DOTALL)


def steps(file: Path) -> int:
    return len(re.findall(r"^\d+\. ", file.read_text(), re.MULTILINE))


def known_series() -> set[str]:
    """Names of all series there can be: the exporter's, Prometheus' own and those recorded."""
    metrics = (*INSTANCE_METRICS, UNTIL_DUE, *EXPORTER_METRICS)
    histograms = {
        f"{metric.name}_{part}"
        for metric in metrics
        if metric.type is MetricType.HISTOGRAM
        for part in ("bucket", "sum", "count")
    }
    recorded = {rule.name for rule in rules() if not rule.alert}
    return {"up", *(metric.name for metric in metrics), *histograms, *recorded, *OVERRIDES}


def series_in(text: str) -> set[str]:
    """Names of our series in an expression or a text, with the level that a recorded one begins with."""
    return set(
        re.findall(r"(?<![\w:./-])(?:[a-z_]+:)?zapi_?(?:instance|exporter|reason|threshold|:)[\w:]*\w", text)
    )


@pytest.mark.parametrize("place", HEADINGS, ids=lambda place: place.name)
def test_every_alert_has_a_runbook_and_every_runbook_an_alert(place: Path) -> None:
    assert {file.stem for file in place.glob("Zapi*.md")} == {rule.name for rule in alerts()}


def test_a_runbook_has_its_headings_a_query_and_the_status_page() -> None:
    for file in RUNBOOK_FILES:
        text = file.read_text()
        assert text.startswith(f"# {file.stem}\n")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS[file.parent], file
        assert queries(file), file
        assert re.search(r"status page|página de status", text, re.IGNORECASE), file


def test_both_languages_ask_the_same_and_have_as_many_steps() -> None:
    for file in RUNBOOKS.glob("Zapi*.md"):
        twin = PORTUGUESE / file.name
        assert queries(file) == queries(twin)
        assert steps(file) == steps(twin), file


@pytest.mark.needs("promtool")
def test_prometheus_understands_the_queries_of_the_runbooks(tmp_path: Path) -> None:
    asked = [
        {"record": f"query:{file.stem}:{number}", "expr": query}
        for file in RUNBOOK_FILES
        if file.parent == RUNBOOKS
        for number, query in enumerate(queries(file))
    ]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": asked}]}))

    outcome = promtool("check", "rules", tmp_path / "queries.yaml")

    assert outcome.succeeded, outcome.output
    assert f"{len(asked)} rules found" in outcome.output


def test_a_runbook_names_only_series_that_exist() -> None:
    known = known_series()
    for file in RUNBOOK_FILES:
        asked = {name for query in queries(file) for name in series_in(query) if "__name__" not in query}
        assert asked <= known, file
        assert set(re.findall(r"`(zapi[\w:]+)`", file.read_text())) <= known, file


def test_rules_read_only_series_that_exist() -> None:
    named = {name for rule in rules() if "__name__" not in rule.expr for name in series_in(rule.expr)}

    assert named
    assert named <= known_series(), named - known_series()


def test_queries_in_annotations_read_only_series_that_exist() -> None:
    texts = [str(text) for rule in alerts() for text in rule.body["annotations"].values()]
    named = {name for text in texts for name in series_in(re.sub(r"https://\S+", "", text))}

    assert "job_reason:zapi_instance_poll_failure:sum" in named
    assert named <= known_series(), named - known_series()


@pytest.mark.parametrize("place", HEADINGS, ids=lambda place: place.name)
def test_the_index_names_every_runbook_once(place: Path) -> None:
    linked = re.findall(
        r"^\| .+ \| \[(\w+)\]\((\w+)\.md\) \|$", (place / "README.md").read_text(), re.MULTILINE
    )
    assert all(name == file for name, file in linked)
    assert sorted(name for name, _ in linked) == sorted(file.stem for file in place.glob("Zapi*.md"))
