"""What a viewer may choose at the top of a dashboard."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import (
    ConstantVariable,
    CustomVariable,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
RUNBOOKS: Final = "https://github.com/zapi-exporter/zapi-exporter/blob/main/docs/runbooks"

_EDITORS: Final = {"label_names": 0, "label_values": 1}
"""Grafana's number of the form in which each function is edited."""

_ALL: Final = VariableOption(selected=True, text="All", value="$__all")


def datasource() -> DatasourceVariable:
    return (
        DatasourceVariable("datasource")
        .label("Data source")
        .description("The Prometheus that scrapes the exporter.")
        .type("prometheus")
    )


def job() -> QueryVariable:
    return (
        _query("job", "label_values(zapi_instance_up, job)")
        .label("Job")
        .description("Jobs of Prometheus that scrape an exporter.")
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(_ALL)
    )


def label() -> QueryVariable:
    return (
        _query("label", 'label_names(zapi_instance_up{job=~"$job"})')
        .label("Label")
        .description(
            "Choose instances by one of their labels: name, or any that the exporter's configuration gives."
        )
        .regex("/^(?!(?:__name__|job|instance)$).+$/")
        .current(VariableOption(selected=True, text="name", value="name"))
    )


def value() -> QueryVariable:
    return (
        _query("value", 'label_values(zapi_instance_up{job=~"$job"}, $label)')
        .label("is")
        .description("Values of that label; All includes instances without it.")
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(_ALL)
    )


def name() -> QueryVariable:
    return (
        _query("name", 'label_values(zapi_instance_up{job=~"$job", $label=~"$value"}, name)')
        .label("Instance")
        .description("The instance to look at, among those with that label.")
    )


def rows() -> CustomVariable:
    return (
        CustomVariable("rows")
        .label("Rows")
        .description("How many instances, worst or next first, a list or timeline shows at most.")
        .values("25,100,500")
        .current(VariableOption(selected=True, text="25", value="25"))
    )


def runbooks() -> ConstantVariable:
    return (
        ConstantVariable("runbooks")
        .description("Where the runbooks are, without a last slash.")
        .value(RUNBOOKS)
    )


def _query(name: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .datasource(DATASOURCE)
        .query({"query": query, "qryType": _EDITORS[query.split("(")[0]], "refId": f"Variable-{name}"})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    )
