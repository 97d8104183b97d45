"""Where the dashboards lead: to each other, and to the runbooks."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

FLEET_UID: Final = "zapi-fleet"
INSTANCE_UID: Final = "zapi-instance"
AVAILABILITY_UID: Final = "zapi-availability"

Link = dict[str, str | bool]
"""A link of a cell or of a series, as Grafana keeps it."""


def instance_of_row() -> Link:
    """To the instance that a table's row is about."""
    return _instance("__data.fields")


def instance_of_series() -> Link:
    """To the instance that a series is about."""
    return _instance("__field.labels")


def instance_of_cell() -> Link:
    """To the instance that a table's cell names, of any of the chosen jobs."""
    return {
        "title": "Show this instance",
        "url": f"/d/{INSTANCE_UID}?${{datasource:queryparam}}&${{job:queryparam}}"
        "&var-name=${__value.raw:percentencode}&${__url_time_range}",
    }


def runbook_of_row(field: str) -> Link:
    """To the runbook that the row's ``field`` names."""
    return {
        "title": "Runbook",
        "url": f"${{runbooks:raw}}/${{__data.fields.{field}}}.md",
        "targetBlank": True,
    }


def runbook(alert: str) -> DashboardLink:
    """To the runbook of an alert, from a panel."""
    return (
        DashboardLink(f"Runbook: {alert}")
        .type(DashboardLinkType.LINK)
        .url(f"${{runbooks:raw}}/{alert}.md")
        .target_blank(True)
    )


def to_dashboard(title: str, uid: str, tooltip: str) -> DashboardLink:
    """To another dashboard, which then shows the same time and choices."""
    return (
        DashboardLink(title)
        .type(DashboardLinkType.LINK)
        .icon("dashboard")
        .tooltip(tooltip)
        .url(f"/d/{uid}")
        .include_vars(True)
        .keep_time(True)
    )


def to_runbooks() -> DashboardLink:
    return (
        DashboardLink("Runbooks")
        .type(DashboardLinkType.LINK)
        .icon("doc")
        .tooltip("What each alert means, and what to do")
        .url("${runbooks:raw}")
        .target_blank(True)
    )


def _instance(labels: str) -> Link:
    return {
        "title": "Show this instance",
        "url": (
            f"/d/{INSTANCE_UID}?${{datasource:queryparam}}&var-job=${{{labels}.job:percentencode}}"
            f"&var-name=${{{labels}.name:percentencode}}&${{__url_time_range}}"
        ),
    }
