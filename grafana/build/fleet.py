"""The overview: what is wrong now, then connection, subscription, webhooks and Z-API over time."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from grafana.build import (
    fleet_connection,
    fleet_now,
    fleet_polls,
    fleet_subscription,
    fleet_webhooks,
    links,
    variables,
)
from grafana.build.annotations import firing_alerts
from grafana.build.queries import FLEET_ALERTS


def dashboard(words: Mapping[str, str]) -> Dashboard:
    """``words`` are those of each reason of a failed poll."""
    built = (
        Dashboard("Z-API fleet")
        .uid(links.FLEET_UID)
        .description("WhatsApp instances behind Z-API: what is wrong now, and what will be.")
        .tags(["zapi", "whatsapp"])
        .time("now-6h", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(links.to_dashboard("One instance", links.INSTANCE_UID, "Everything about one instance"))
        .link(links.to_runbooks())
    )
    for variable in (
        variables.datasource(),
        variables.job(),
        variables.label(),
        variables.value(),
        variables.rows(),
        variables.runbooks(),
    ):
        built.with_variable(variable)
    for severity in ("critical", "warning"):
        which = f'{FLEET_ALERTS}, severity="{severity}"'
        built.annotation(firing_alerts(f"{severity.capitalize()} alerts", which, severity))
    for title, panels in {
        "What is wrong now": fleet_now.panels(words),
        "Connection": fleet_connection.panels(),
        "Subscription and payment": fleet_subscription.panels(),
        "Webhooks": fleet_webhooks.panels(),
        "Z-API and the exporter": fleet_polls.panels(words),
    }.items():
        built.with_row(Row(title))
        for panel in panels:
            built.with_panel(panel)
    return built
