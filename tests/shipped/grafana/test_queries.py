"""Every query of the dashboards, asked of a real Prometheus that scrapes the demo with the shipped rules loaded."""

import re
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from exporter.demo.scenario import Role, build_scenario
from harness.processes import Prometheus
from tests.shipped.grafana.dashboards import LIVE, interpolate, legend_labels, load, panels
from tests.shipped.grafana.scraped import ALL, INSTANCES
from tests.shipped.grafana.shapes import ask, choices, of_panels

FLEET: Final = next(file for file in LIVE if file.stem == "zapi-fleet")

TROUBLES: Final = {
    Role.HEALTHY: set(),
    Role.SLOW: set(),
    Role.DUE_SOON: {("Expires soon", None)},
    Role.NEEDS_QR_SCAN: {("Disconnected", "session disconnected")},
    Role.SESSION_TO_RESTORE: {("Disconnected", "session restorable")},
    Role.QUEUE_STUCK: {("Queue stuck", None)},
    Role.QUEUE_FULL: {("Disconnected", "session disconnected"), ("Queue nearly full", None)},
    Role.PHONE_OFFLINE: {("Phone offline", None)},
    Role.DUE_NOW: {("Expires soon", None)},
    Role.WEBHOOKS_WIPED: {("Webhook missing", "received"), ("Webhook missing", "disconnected")},
    Role.OVERDUE: {("Expired", None), ("Not paid", "overdue")},
    Role.TOKEN_REVOKED: {("Cannot be polled", "not_found")},
    Role.TEST_WEBHOOK: {("Webhook to elsewhere", "received")},
    Role.WEBHOOK_MUTED: {("Webhook muted", "received")},
}
"""What is wrong at any time with an instance of the demo: the problem, and its detail."""

WEBHOOKS: Final = {
    Role.HEALTHY: {"received": 2, "disconnected": 2, "delivery": 1, "connected": 0},
    Role.WEBHOOKS_WIPED: {"received": 3, "disconnected": 3, "delivery": 0, "connected": 0},
    Role.TEST_WEBHOOK: {"received": 4, "disconnected": 2, "delivery": 1, "connected": 0},
    Role.WEBHOOK_MUTED: {"received": 5, "disconnected": 2, "delivery": 1, "connected": 0},
}
"""The states of some of its webhooks."""


PATIENCE: Final = 120.0
"""Seconds in which everything must have been right at once: on a busy machine polls and scrapes are late at times."""


@pytest.mark.timeout(3600)  # as long as drawings, so that both come together and share the demo
@pytest.mark.needs("prometheus")
def test_every_query_gives_the_series_and_labels_that_are_shown(demo: Prometheus) -> None:
    names = [member.configured.name for member in build_scenario(INSTANCES, 0)[:28]]
    deadline = time.monotonic() + PATIENCE
    while problems := list(_problems(demo, names)):
        assert time.monotonic() < deadline, "\n".join(problems)


def _problems(real: Prometheus, names: list[str]) -> Iterator[str]:
    for board in map(load, LIVE):
        yield from of_panels(real, board, names)
        yield from _of_annotations(real, board, names)
        yield from _of_variables(real, board)
    yield from _of_choice(real)
    yield from _of_truth(real)
    yield from _of_a_healthy_instance(real)


def _of_annotations(real: Prometheus, board: dict[str, Any], names: list[str]) -> Iterator[str]:
    for annotation in board["annotations"]["list"]:
        marks = [
            labels
            for variables in choices(annotation["expr"], names)
            for labels in real.history(interpolate(annotation["expr"], variables), seconds=30)
        ]
        # Whether a job as a whole is in trouble is a matter of time in the demo.
        if not marks and not annotation["name"].startswith(("Alerts of the whole job", "Info alerts")):
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
            "value": {member.configured.name for member in build_scenario(INSTANCES, 0)},
            "name": {member.configured.name for member in build_scenario(INSTANCES, 0)},
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
    chosen = {**ALL, "label": "team", "value": "(sales|finance)", "rows": str(INSTANCES)}
    members = {
        member.configured.name
        for member in build_scenario(INSTANCES, 0)
        if member.configured.labels["team"] in {"sales", "finance"}
    }
    for panel in panels(load(FLEET)):
        for target in panel.body["targets"]:
            shown = {labels["name"] for labels in ask(real, panel, target, chosen) if "name" in labels}
            if not shown <= members:
                yield f"{panel}: shows instances of other teams: {shown - members}"
        if panel.title == "Instances":
            counted = real.values(interpolate(panel.body["targets"][0]["expr"], chosen))
            if counted != [len(members)]:
                yield f"{panel}: counts {counted} of {len(members)}"


def _of_a_healthy_instance(real: Prometheus) -> Iterator[str]:
    """Nothing wrong is a zero, or a list that is empty and says so."""
    name = next(
        member.configured.name for member in build_scenario(INSTANCES, 0) if member.role is Role.HEALTHY
    )
    chosen = {**ALL, "value": f"({name})"}
    for panel in panels(load(FLEET)):
        values = [real.values(interpolate(target["expr"], chosen)) for target in panel.body["targets"]]
        if panel.kind == "stat" and any(len(value) != 1 for value in values):
            yield f"{panel}: gives no single number where nothing is wrong, but {values}"
        if panel.title in {
            "Disconnected",
            "Expired",
            "Expire soon",
            "Not paid",
            "Webhooks wrong",
            "Phones offline",
            "Sessions to restore",
            "QR codes to scan",
            "Messages waiting",
            "Oldest message",
        } and values != [[0]]:
            yield f"{panel}: is {values} where nothing is wrong"
        if panel.title.startswith("Instances with a problem") and values != [[]]:
            yield f"{panel}: gives {values} where nothing is wrong"


def _of_truth(real: Prometheus) -> Iterator[str]:
    """What the lists say of each instance is what the demo does with it."""
    chosen = {**ALL, "rows": str(INSTANCES)}
    queries = {panel.title: panel.body["targets"][0]["expr"] for panel in panels(load(FLEET))}
    (problems,) = (query for title, query in queries.items() if title.startswith("Instances with a problem"))
    (webhooks,) = (query for title, query in queries.items() if title.startswith("Webhooks of each instance"))
    listed = [dict(labels) for labels in real.query(interpolate(problems, chosen))]
    states = {
        (labels["name"], labels["webhook"]): value
        for labels, value in (
            (dict(labels), value) for labels, value in real.query(interpolate(webhooks, chosen)).items()
        )
    }
    for member in build_scenario(INSTANCES, 0):
        name = member.configured.name
        found = {(row["problem"], row.get("detail")) for row in listed if row["name"] == name}
        if found != TROUBLES.get(member.role, found):
            yield f"{name}, which {member.role.value}, has {found}"
        for webhook, state in WEBHOOKS.get(member.role, {}).items():
            if states.get((name, webhook), 0) != state:
                yield f"{name}, which {member.role.value}: {webhook} is {states.get((name, webhook))}"
