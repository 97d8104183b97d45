"""The dashboards keep to Grafana's own types, which ``make dashboards-schema`` turns into a JSON Schema."""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.shipped.grafana.dashboards import FILES, GRAFANA, load

Dashboard = dict[str, Any]


@pytest.fixture(scope="module")
def whole() -> jsonschema_rs.Draft7Validator:
    return _validator("Dashboard")


@pytest.fixture(scope="module")
def one_panel() -> jsonschema_rs.Draft7Validator:
    return _validator("Panel")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dashboard_has_grafanas_types(file: Path, whole: jsonschema_rs.Draft7Validator) -> None:
    assert _problems(whole, load(file)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_overrides_set_has_grafanas_types(file: Path, one_panel: jsonschema_rs.Draft7Validator) -> None:
    for panel in load(file)["panels"]:
        if panel["type"] != "row":
            assert _problems(one_panel, _with_overrides_as_defaults(panel)) == [], panel["title"]


def test_an_override_of_a_misspelt_key_is_found(one_panel: jsonschema_rs.Draft7Validator) -> None:
    dashboard = load(GRAFANA / "dashboards" / "en" / "zapi-fleet.json")
    panel = next(panel for panel in dashboard["panels"] if panel["type"] == "table")
    panel["fieldConfig"]["overrides"][0]["properties"].append({"id": "custom.widht", "value": 100})
    assert _problems(one_panel, _with_overrides_as_defaults(panel)) != []


def _misspell(path: str) -> Callable[[Dashboard], None]:
    def spoil(dashboard: Dashboard) -> None:
        *outer, key = path.split(".")
        place: Any = dashboard
        for name in outer:
            place = place[int(name)] if name.isdigit() else place[name]
        place[f"{key}s"] = place.pop(key)

    return spoil


def _first(kind: str, path: str) -> Callable[[Dashboard], None]:
    def spoil(dashboard: Dashboard) -> None:
        panel = next(panel for panel in dashboard["panels"] if panel["type"] == kind)
        _misspell(path)(panel)

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        _misspell("refresh"),
        _misspell("time.from"),
        _misspell("panels.1.title"),
        _misspell("templating.list.1.includeAll"),
        _misspell("annotations.list.0.titleFormat"),
        _misspell("links.0.keepTime"),
        _first("stat", "options.colorMode"),
        _first("table", "options.cellHeight"),
        _first("table", "fieldConfig.defaults.custom.filterable"),
        _first("table", "transformations.0.options.excludeByName"),
        _first("state-timeline", "options.mergeValues"),
        _first("timeseries", "options.legend.showLegend"),
        _first("timeseries", "fieldConfig.defaults.custom.lineWidth"),
        _first("timeseries", "fieldConfig.defaults.noValue"),
        _first("bargauge", "options.displayMode"),
        _first("bargauge", "targets.0.expr"),
    ],
)
def test_a_misspelt_key_is_found(
    spoil: Callable[[Dashboard], None], whole: jsonschema_rs.Draft7Validator
) -> None:
    """Before it is spoilt it has none, which ``test_a_dashboard_has_grafanas_types`` sees."""
    dashboard = load(GRAFANA / "dashboards" / "en" / "zapi-fleet.json")
    spoil(dashboard)
    assert not whole.is_valid(dashboard)


def test_a_wrong_type_is_found(whole: jsonschema_rs.Draft7Validator) -> None:
    dashboard = load(GRAFANA / "dashboards" / "en" / "zapi-fleet.json")
    dashboard["panels"][1]["gridPos"]["w"] = "4"
    assert _problems(whole, dashboard) != []


def _validator(definition: str) -> jsonschema_rs.Draft7Validator:
    schema = json.loads((GRAFANA / "schema" / "dashboard.schema.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft7Validator({**schema, "$ref": f"#/definitions/{definition}"})


def _problems(validator: jsonschema_rs.Draft7Validator, document: Mapping[str, Any]) -> list[str]:
    return [f"{error.instance_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def _with_overrides_as_defaults(panel: Mapping[str, Any]) -> dict[str, Any]:
    """What an override sets has the type that it has among the defaults of its panel."""
    changed: dict[str, Any] = copy.deepcopy(dict(panel))
    for override in changed["fieldConfig"]["overrides"]:
        for setting in override["properties"]:
            section = changed["fieldConfig"]["defaults"]
            *outer, key = setting["id"].split(".")
            for name in outer:
                section = section.setdefault(name, {})
            section[key] = setting["value"]
    return changed
