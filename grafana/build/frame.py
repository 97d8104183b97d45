"""What both dashboards have: their looks, the choices at the top, and rows of panels."""

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.builders.dashboard import CustomVariable, Dashboard, QueryVariable, Row
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, Panel

from grafana.build import variables


def framed(title: str, uid: str, description: str, span: str) -> Dashboard:
    """A dashboard without choices and panels, of the last ``span``, such as ``6h``."""
    return (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["zapi", "whatsapp"])
        .time(f"now-{span}", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )


def add_variables(dashboard: Dashboard, own: QueryVariable | CustomVariable) -> None:
    """The choices that every dashboard has, and its ``own`` one."""
    for variable in (
        variables.datasource(),
        variables.job(),
        variables.label(),
        variables.value(),
        own,
        variables.runbooks(),
    ):
        dashboard.with_variable(variable)


def add_rows(dashboard: Dashboard, rows: Mapping[str, Iterable[Builder[Panel]]]) -> Dashboard:
    """``rows`` are panels by the title of their row, from top to bottom."""
    for title, panels in rows.items():
        dashboard.with_row(Row(title))
        for panel in panels:
            dashboard.with_panel(panel)
    return dashboard
