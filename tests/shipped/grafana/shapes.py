"""Whether what a query gives has the shape that its panel shows: labels of legends, columns of tables, length."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Reason
from harness.processes import Prometheus
from tests.shipped.grafana.dashboards import Panel, interpolate, legend_labels, panels
from tests.shipped.grafana.scraped import ALL, INSTANCES, ROWS

SOMETIMES: Final = {
    "Failed polls by reason",
    "Fields that cannot be read",
    "Lost the connection most often",
}
"""Panels of what the demo does not show at every moment; without their `> 0` they show all there could be."""


def of_panels(real: Prometheus, board: dict[str, Any], names: list[str]) -> Iterator[str]:
    for panel in panels(board):
        answers: dict[str, list[dict[str, str]]] = {}
        for target in panel.body["targets"]:
            ref = target["refId"]
            answers[ref] = []
            series = ask(real, panel, target, {**ALL, "name": names[0]})
            yield from _too_much(panel, target["expr"], series)
            for variables in choices(target["expr"], names):
                answers[ref] += ask(real, panel, target, {**variables, "rows": str(INSTANCES)})
            if not answers[ref]:
                yield f"{panel}: {ref} gives nothing"
            for label in legend_labels(target.get("legendFormat", "")):
                if any(label not in labels for labels in answers[ref]):
                    yield f"{panel}: {ref} has series without the label {label} of its legend"
        if panel.kind == "stat":
            yield from _of_word(panel, answers["A"])
        yield from _of_table(panel, answers) if panel.kind == "table" else _of_series(panel, answers)


def choices(expression: str, names: list[str]) -> Iterator[dict[str, str]]:
    if "$name" not in expression:
        yield dict(ALL)
        return
    for name in names:
        yield {**ALL, "name": name}


def ask(
    real: Prometheus, panel: Panel, target: Mapping[str, Any], variables: Mapping[str, str]
) -> list[dict[str, str]]:
    expression = interpolate(target["expr"], variables)
    if panel.title in SOMETIMES:
        expression = expression.replace("> 0", ">= 0")
    if target.get("instant"):
        return [dict(labels) for labels in real.query(expression)]
    return real.history(expression, seconds=30)


def _too_much(panel: Panel, expression: str, series: list[dict[str, str]]) -> Iterator[str]:
    """Nobody can read a line for each of thousands of instances."""
    kinds = Counter(
        (labels.get("problem"), labels.get("severity"), labels.get("webhook"))
        for labels in series
        if labels.get("name")
    )
    fixed = re.search(r"\btopk\((\d+)", expression)
    most = int(fixed[1]) if fixed else ROWS
    yield from (f"{panel}: shows {count} instances at once" for count in kinds.values() if count > most)


def _of_word(panel: Panel, series: list[dict[str, str]]) -> Iterator[str]:
    """The label that is shown as a word is there."""
    fields = panel.body["options"]["reduceOptions"].get("fields", "")
    if fields and not all(any(re.search(fields.strip("/"), label) for label in labels) for labels in series):
        yield f"{panel}: has series without a label like {fields}"


def _of_series(panel: Panel, answers: Mapping[str, list[dict[str, str]]]) -> Iterator[str]:
    legends = {target.get("legendFormat", "") for target in panel.body["targets"]}
    by_reason = {"{{reason}}", "{{outcome}}"} & legends
    named = legends | {reason.value for reason in Reason} if by_reason else legends
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
