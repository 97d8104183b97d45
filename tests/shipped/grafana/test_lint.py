"""The rules of the community's dashboard linter, and those of this project."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Reason
from tests.shipped.grafana.dashboards import FILES, GRAFANA, Panel, expressions, load, panels
from tests.shipped.prometheus.tools import PROMETHEUS, RUNBOOKS, alerts

DASHBOARDS = [load(file) for file in FILES]
PANELS = [panel for dashboard in DASHBOARDS for panel in panels(dashboard)]
QUERIES = [found for board in DASHBOARDS for found in expressions(board)]

UNITS = {
    *("none", "string", "percentunit", "bytes", "s", "cps", "reqps"),
    *("dateTimeAsIso", "dtdhms", "time:YYYY-MM-DD"),
}
"""Those of Grafana's that are used; a misspelt one would be shown as a suffix."""


def _variables(dashboard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_the_data_source_and_the_job_can_be_chosen(board: dict[str, Any]) -> None:
    variables = _variables(board)
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["datasource"]["label"] in {"Data source", "Fonte de dados"}
    assert variables["job"]["label"] == "Job"
    assert (variables["job"]["multi"], variables["job"]["includeAll"]) == (True, True)
    assert variables["job"]["allValue"] == ".+"
    assert {"label", "value"} < variables.keys()


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_every_query_asks_the_chosen_data_source(board: dict[str, Any]) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    asked = [
        *(variable for variable in board["templating"]["list"] if variable["type"] == "query"),
        *board["annotations"]["list"],
        *(annotation["target"] for annotation in board["annotations"]["list"]),
        *(panel.body for panel in panels(board)),
        *(target for panel in panels(board) for target in panel.body["targets"]),
    ]
    assert all(query["datasource"] == chosen for query in asked)


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_variables_follow_the_time_that_is_shown_and_each_is_used(board: dict[str, Any]) -> None:
    text = repr({key: board[key] for key in ("panels", "annotations", "links", "templating")})
    for name, variable in _variables(board).items():
        if variable["type"] == "query":
            assert variable["refresh"] == 2, name
        if variable["type"] != "constant":
            assert variable.get("label"), name
            assert variable.get("description"), name
        assert re.search(rf"\$\{{?{name}\b", text), f"{name} is not used"


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_panels_have_numbers_of_their_own_and_do_not_overlap(board: dict[str, Any]) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert all(isinstance(number, int) and number > 0 for number in numbers)
    cells: list[tuple[int, int]] = []
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells += [
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        ]
    assert len(set(cells)) == len(cells)
    assert len(cells) == 24 * (1 + max(y for _, y in cells)), "there are holes in the page"


def test_a_panel_says_what_it_is_its_unit_and_what_an_empty_one_means() -> None:
    assert [f"{panel}: {wrong}" for panel in PANELS for wrong in _left_unsaid(panel)] == []


def _left_unsaid(panel: Panel) -> Iterator[str]:
    if not panel.title:
        yield "no title"
    if not panel.body["description"].endswith("."):
        yield "no description that is a sentence"
    if not panel.body["targets"]:
        yield "no query"
    empty = panel.defaults["noValue"]
    if not empty or "no data" in empty.lower():
        yield f"an empty one says {empty!r}"
    changes = [
        change for override in panel.body["fieldConfig"]["overrides"] for change in override["properties"]
    ]
    units = [panel.defaults["unit"], *(change["value"] for change in changes if change["id"] == "unit")]
    yield from (f"unit {unit!r}" for unit in units if unit not in UNITS)


def test_a_quantile_of_no_polls_is_no_number() -> None:
    """NaN beside other series takes their lines and the axis away."""
    assert [
        where for where, query in QUERIES if "histogram_quantile" in query and not query.endswith(" >= 0")
    ] == []


def test_a_panel_has_colours_that_mean_something() -> None:
    for panel in PANELS:
        if panel.kind in {"stat", "bargauge"}:
            assert panel.defaults["thresholds"]["steps"], panel
        if panel.kind == "state-timeline":
            assert panel.defaults["mappings"], panel


def test_a_query_counts_over_the_interval_that_suits_the_scrapes() -> None:
    assert [f"{where}: {wrong}" for where, query in QUERIES for wrong in _miscounted(query)] == []


def _miscounted(query: str) -> Iterator[str]:
    for function, window in re.findall(r"\b(rate|irate|increase)\([^\[]*\[([^\]]+)\]", query):
        if window != "$__rate_interval" and (function, window) not in (
            ("increase", "$__range"),
            ("increase", "10m"),
        ):
            yield f"{function} over {window}"
    for function in re.findall(r"(\w*)\(?\bzapi_\w+_total\b", query):
        if function not in {"rate", "increase"}:
            yield f"a counter in {function or 'no function'}"


def test_a_query_knows_no_job_and_asks_for_the_chosen_ones() -> None:
    assert [f"{where}: {wrong}" for where, query in QUERIES for wrong in _of_any_job(query)] == []


def _of_any_job(query: str) -> Iterator[str]:
    if re.search(r'\b(?:job|instance)\s*(?:=|=~|!=|!~)\s*"(?!\$job\b)', query):
        yield "a fixed job"
    for metric in re.findall(r"(?<![\w:])([a-zA-Z_:][\w:]*)(?=\{|[\s)\[]|$)", query):
        of_a_job = re.match(r"zapi_(instance|exporter)_|job|ALERTS|up$|process_", metric)
        bare = rf"(?<![\w:]){re.escape(metric)}(?![\w:{{])"
        if of_a_job and metric not in {"job", "by", "on"} and re.search(bare, query):
            yield f"{metric} of any job"
    for matchers in re.findall(r"\{([^}]*)\}", query):
        if 'job=~"$job' not in matchers and matchers != 'name="$name"':
            yield f"{{{matchers}}} is of any job"


def _alert_names() -> set[str]:
    return {rule.name for rule in alerts()}


def _runbooks_of(board: dict[str, Any]) -> Iterator[str]:
    for panel in panels(board):
        for link in panel.body["links"]:
            yield link["url"]


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_panels_lead_to_runbooks_that_exist(board: dict[str, Any]) -> None:
    named = list(_runbooks_of(board))
    alert_names = _alert_names()
    assert named
    for url in named:
        base, file = url.rsplit("/", 1)
        assert base == "${runbooks:raw}"
        assert (RUNBOOKS / file).is_file()
        assert file.removesuffix(".md") in alert_names
    (where,) = {rule.body["annotations"]["runbook_url"].rsplit("/", 1)[0] for rule in alerts()}
    assert _variables(board)["runbooks"]["query"] == where + (
        "/pt-BR" if board["uid"].endswith("-pt") else ""
    )


def test_the_dashboards_lead_to_each_other_with_time_and_choices() -> None:
    for suffix in ("", "-pt"):
        boards = [board for board in DASHBOARDS if board["uid"].endswith("-pt") == bool(suffix)]
        for board in boards:
            links = [link for link in board["links"] if link["url"].startswith("/d/")]
            others = {f"/d/{other['uid']}" for other in boards if other is not board}
            assert {link["url"] for link in links} == others
            assert all((link["keepTime"], link["includeVars"]) == (True, True) for link in links)


def test_rows_lead_to_the_instance_they_are_about() -> None:
    leading = [url for panel in PANELS for url in panel.links if re.search(r"/d/zapi-instance(-pt)?\?", url)]
    assert leading
    for url in leading:
        assert all(part in url for part in ("${datasource:queryparam}", "var-name=", "${__url_time_range}"))
        assert "var-job=" in url or "${job:queryparam}" in url


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_alerts_are_drawn_over_the_timelines(board: dict[str, Any]) -> None:
    drawn = [annotation for annotation in board["annotations"]["list"] if annotation["enable"]]
    if board["uid"].startswith("zapi-availability"):
        assert not drawn, "over a month nobody could read them"
        return
    assert all(annotation["expr"] == annotation["target"]["expr"] for annotation in drawn)
    severities = {rule.body["labels"]["severity"] for rule in alerts()}
    for severity in severities:
        assert any(f'severity="{severity}"' in annotation["expr"] for annotation in drawn)


def test_a_problem_with_a_webhook_keeps_the_name_of_the_webhook() -> None:
    """A session and a webhook are both called ``disconnected``."""
    tables = [panel for panel in PANELS if "detail" in panel.overridden]
    assert len(tables) == 2
    for table in tables:
        (detail,) = (
            override
            for override in table.body["fieldConfig"]["overrides"]
            if override["matcher"]["options"] == "detail"
        )
        (mappings,) = (one["value"] for one in detail["properties"] if one["id"] == "mappings")
        replaced = {value for mapping in mappings for value in mapping["options"]}
        assert replaced & set(WEBHOOK_FIELDS) == set()


def test_every_reason_is_shown_in_words() -> None:
    reasons = {reason.value for reason in Reason}
    for title in ("Instances that cannot be polled, by reason", "Instâncias com falha, por motivo"):
        (shown,) = [panel for panel in PANELS if panel.title == title]
        assert set(shown.overridden) == reasons


def test_provisioning_brings_a_prometheus_and_the_dashboards() -> None:
    provisioning = GRAFANA / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))
    (source,) = sources["datasources"]
    assert (sources["apiVersion"], source["type"], source["access"]) == (1, "prometheus", "proxy")
    scrapes = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text(encoding="utf-8"))["global"]
    assert source["jsonData"]["timeInterval"] == scrapes["scrape_interval"]
    providers = yaml.safe_load((provisioning / "dashboards" / "zapi.yaml").read_text(encoding="utf-8"))
    assert providers["apiVersion"] == 1
    assert {provider["type"] for provider in providers["providers"]} == {"file"}
    paths = [Path(provider["options"]["path"]) for provider in providers["providers"]]
    assert {path.name for path in paths} == {file.parent.name for file in FILES}
    (where,) = {path.parent for path in paths}
    assert f"`{where}`" in (GRAFANA / "README.md").read_text(encoding="utf-8")
