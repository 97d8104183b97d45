"""Every query of the dashboards, asked of a real Prometheus that scrapes the demo with the shipped rules loaded."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter.demo.scenario import Role, cast
from exporter.reading import WEBHOOK_FIELDS, Reason
from tests.grafana.dashboards import FILES, Panel, interpolate, legend_labels, load, panels
from tests.processes import Prometheus, eventually, exporter, prometheus
from tests.prometheus.tools import rule_files

INSTANCES: Final = 60
ROWS: Final = 10

ALL: Final = {
    "job": ".+",
    "label": "name",
    "value": ".*",
    "rows": str(ROWS),
    "__rate_interval": "4s",
    "__range": "30s",
}
"""Grafana's variables with everything chosen; the intervals are for a scrape each second."""

SOMETIMES: Final = {
    "Failed polls by reason",
    "Fields that cannot be read",
    "Lost the connection most often",
}
"""Panels of what the demo does not show at every moment; without their `> 0` they show all there could be."""

SEEN: Final = (
    f"count(zapi_instance_up) == {INSTANCES}",
    'ALERTS{alertname="ZapiInstanceDisconnected", alertstate="firing"}',
    'ALERTS{alertname="ZapiInstanceWebhookUnexpected", alertstate="firing"}',
    'ALERTS{alertname="ZapiInstanceUnpaid", alertstate="firing"}',
    'ALERTS_FOR_STATE{alertname="ZapiInstanceCredentialsRefused"}',
    "job:zapi_exporter_polls_rate_limited:ratio_rate10m >= 0",
    "job_instance:zapi_exporter_poll_lateness_seconds:mean10m >= 0",
    "histogram_quantile(0.5, sum by (le) (rate(zapi_exporter_poll_lateness_seconds_bucket[4s]))) >= 0",
)
"""What must be there before the dashboards are looked at."""


@contextmanager
def _scraped_demo(directory: Path) -> Iterator[Prometheus]:
    with exporter(directory, f"--demo={INSTANCES}") as demo:
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(directory / "rules" / "*.yaml")],
            "scrape_configs": [
                {"job_name": "zapi", "static_configs": [{"targets": [demo.url.removeprefix("http://")]}]}
            ],
        }
        _write_rules(directory / "rules")
        with prometheus(directory, yaml.safe_dump(config)) as real:
            for seen in SEEN:
                eventually(lambda seen=seen: bool(real.query(seen)))  # type: ignore[misc]
            yield real


def _write_rules(directory: Path) -> None:
    """The shipped rules, but for `for`: alerts fire at once."""
    directory.mkdir()
    for file in rule_files():
        text = re.sub(r"(?m)^( +)for: .*$", r"\1for: 0s", file.read_text(encoding="utf-8"))
        (directory / file.name).write_text(text, encoding="utf-8")


@pytest.mark.needs("prometheus")
def test_every_query_gives_the_series_and_labels_that_are_shown(tmp_path: Path) -> None:
    names = [member.configured.name for member in cast(INSTANCES, 0)[:24]]
    with _scraped_demo(tmp_path) as real:
        problems = [
            problem
            for file in FILES
            for problem in (
                *_of_panels(real, load(file), names),
                *_of_annotations(real, load(file), names),
                *_of_variables(real, load(file)),
            )
        ]
        problems += _of_choice(real)
        problems += _of_a_healthy_instance(real)
    assert not problems, "\n".join(problems)


def _of_panels(real: Prometheus, board: dict[str, Any], names: list[str]) -> Iterator[str]:
    for panel in panels(board):
        answers: dict[str, list[dict[str, str]]] = {}
        for target in panel.body["targets"]:
            ref = target["refId"]
            answers[ref] = []
            yield from _too_much(panel, _ask(real, panel, target, {**ALL, "name": names[0]}))
            for variables in _choices(target["expr"], names):
                answers[ref] += _ask(real, panel, target, {**variables, "rows": str(INSTANCES)})
            if not answers[ref]:
                yield f"{panel}: {ref} gives nothing"
            for label in legend_labels(target.get("legendFormat", "")):
                if any(label not in labels for labels in answers[ref]):
                    yield f"{panel}: {ref} has series without the label {label} of its legend"
        yield from _of_table(panel, answers) if panel.kind == "table" else _of_series(panel, answers)


def _choices(expression: str, names: list[str]) -> Iterator[dict[str, str]]:
    if "$name" not in expression:
        yield dict(ALL)
        return
    for name in names:
        yield {**ALL, "name": name}


def _ask(
    real: Prometheus, panel: Panel, target: Mapping[str, Any], variables: Mapping[str, str]
) -> list[dict[str, str]]:
    expression = interpolate(target["expr"], variables)
    if panel.title in SOMETIMES:
        expression = expression.replace("> 0", ">= 0")
    if target.get("instant"):
        return [dict(labels) for labels in real.query(expression)]
    return real.history(expression, seconds=30)


def _too_much(panel: Panel, series: list[dict[str, str]]) -> Iterator[str]:
    """Nobody can read a line for each of thousands of instances."""
    kinds = Counter(
        (labels.get("problem"), labels.get("severity"), labels.get("webhook"))
        for labels in series
        if labels.get("name")
    )
    yield from (f"{panel}: shows {count} instances at once" for count in kinds.values() if count > ROWS)


def _of_series(panel: Panel, answers: Mapping[str, list[dict[str, str]]]) -> Iterator[str]:
    legends = {target["legendFormat"] for target in panel.body["targets"]}
    named = legends | {reason.value for reason in Reason} if "{{reason}}" in legends else legends
    yield from (f"{panel}: no series is called {name}" for name in set(panel.overridden) - named)
    for url in panel.links:
        for label in re.findall(r"__field\.labels\.(\w+)", url):
            if any(label not in labels for series in answers.values() for labels in series):
                yield f"{panel}: a link reads the label {label}, which not every series has"


def _of_table(panel: Panel, answers: Mapping[str, list[dict[str, str]]]) -> Iterator[str]:
    fields = _fields(panel, answers)
    organize = panel.transformation("organize") or {}
    for use, names in {
        "an override changes": panel.overridden,
        "an order names": organize["indexByName"],
        "hides": set(organize["excludeByName"]) - {"__name__"},
        "a link reads": [name for url in panel.links for name in re.findall(r"__data\.fields\.(\w+)", url)],
    }.items():
        yield from (
            f"{panel}: {use} {name}, which is none of {sorted(fields)}" for name in set(names) - fields
        )
    meant = {*panel.overridden, *organize["excludeByName"], "job", "team", "environment"}
    if panel.transformation("groupingToMatrix") is None:
        yield from (f"{panel}: shows {name}, which nobody meant" for name in fields - meant - {"Time"})
    if panel.transformation("merge") is not None:
        yield from _of_merge(panel, answers)


def _fields(panel: Panel, answers: Mapping[str, list[dict[str, str]]]) -> set[str]:
    """The fields that the transformations make of what the queries give."""
    labels = {label for series in answers.values() for one in series for label in one}
    matrix = panel.transformation("groupingToMatrix")
    if matrix is not None:
        (series,) = answers.values()
        cells = {(one[matrix["rowField"]], one[matrix["columnField"]]) for one in series}
        assert len(cells) == len(series), "two values for one cell"
        columns = {column for _, column in cells}
        assert columns <= set(WEBHOOK_FIELDS)
        return {f"{matrix['rowField']}\\{matrix['columnField']}", *columns}
    if panel.transformation("labelsToFields") is not None:
        assert {"name", "id", "display_name", "team", "environment"} <= labels
        return {"label", "value"}
    values = {f"Value #{ref}" for ref in answers} if len(answers) > 1 else {"Value"}
    return labels | values | {"Time"}


def _of_merge(panel: Panel, answers: Mapping[str, list[dict[str, str]]]) -> Iterator[str]:
    """Rows become one where the labels that all queries have agree: each query adds to the rows of the first."""
    shared = set.intersection(*(set(one) for series in answers.values() for one in series)) - {"__name__"}
    keys = {
        ref: [tuple(one[label] for label in sorted(shared)) for one in series]
        for ref, series in answers.items()
    }
    for ref, found in keys.items():
        if len(set(found)) < len(found):
            yield f"{panel}: {ref} gives two rows for the same {sorted(shared)}"
        if not set(found) <= set(keys["A"]):
            yield f"{panel}: {ref} gives rows that A has not"


def _of_annotations(real: Prometheus, board: dict[str, Any], names: list[str]) -> Iterator[str]:
    for annotation in board["annotations"]["list"]:
        marks = [
            labels
            for variables in _choices(annotation["expr"], names)
            for labels in real.history(interpolate(annotation["expr"], variables), seconds=30)
        ]
        # Whether a job as a whole is in trouble is a matter of time in the demo.
        if not marks and annotation["name"] != "Alerts of the whole job":
            yield f"{board['uid']}: {annotation['name']} gives nothing"
        shown = {*legend_labels(annotation["titleFormat"]), *legend_labels(annotation["textFormat"])}
        if any(not shown <= labels.keys() for labels in marks):
            yield f"{board['uid']}: {annotation['name']} shows labels that alerts do not have"


def _of_variables(real: Prometheus, board: dict[str, Any]) -> Iterator[str]:
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        found = _options(real, interpolate(variable["query"]["query"], ALL), variable.get("regex", ""))
        expected = {
            "job": {"zapi"},
            "label": {"name", "team", "environment"},
            "value": {member.configured.name for member in cast(INSTANCES, 0)},
            "name": {member.configured.name for member in cast(INSTANCES, 0)},
        }[variable["name"]]
        if set(found) != expected:
            yield f"{board['uid']}: the variable {variable['name']} offers {found}"


def _options(real: Prometheus, query: str, regex: str) -> list[str]:
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    if asked is not None:
        return real.label_values(asked[1], asked[2])
    asked = re.fullmatch(r"label_names\((.+)\)", query)
    assert asked is not None, query
    return [name for name in real.label_names(asked[1]) if re.search(regex.strip("/"), name)]


def _of_choice(real: Prometheus) -> Iterator[str]:
    """One of the user's own labels narrows every panel that is about instances."""
    chosen = {**ALL, "label": "team", "value": "(vendas|financeiro)", "rows": str(INSTANCES)}
    members = {
        member.configured.name
        for member in cast(INSTANCES, 0)
        if member.configured.labels["team"] in {"vendas", "financeiro"}
    }
    for panel in panels(load(FILES[0])):
        for target in panel.body["targets"]:
            shown = {labels["name"] for labels in _ask(real, panel, target, chosen) if "name" in labels}
            if not shown <= members:
                yield f"{panel}: shows instances of other teams: {shown - members}"
        if panel.title == "Instances":
            counted = real.values(interpolate(panel.body["targets"][0]["expr"], chosen))
            if counted != [len(members)]:
                yield f"{panel}: counts {counted} of {len(members)}"


def _of_a_healthy_instance(real: Prometheus) -> Iterator[str]:
    """Nothing wrong is a zero, or a list that is empty and says so."""
    name = next(member.configured.name for member in cast(INSTANCES, 0) if member.role is Role.HEALTHY)
    chosen = {**ALL, "value": f"({name})"}
    for panel in panels(load(FILES[0])):
        values = [real.values(interpolate(target["expr"], chosen)) for target in panel.body["targets"]]
        if panel.kind == "stat" and any(len(value) != 1 for value in values):
            yield f"{panel}: gives no single number where nothing is wrong, but {values}"
        if panel.title in {
            "Disconnected",
            "Expired",
            "Expire soon",
            "Not paid",
            "Webhooks wrong",
        } and values != [[0]]:
            yield f"{panel}: is {values} where nothing is wrong"
        if panel.title.startswith("Instances with a problem") and values != [[]]:
            yield f"{panel}: gives {values} where nothing is wrong"
