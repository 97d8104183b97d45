"""One instance in detail: how it is now, then how it was."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from grafana.build import instance_now, instance_past, links, variables
from grafana.build.annotations import firing_alerts
from grafana.build.queries import JOB_ALERTS, ONE_ALERTS


def dashboard(words: Mapping[str, str]) -> Dashboard:
    """``words`` are those of each reason of a failed poll."""
    built = (
        Dashboard("Z-API instance")
        .uid(links.INSTANCE_UID)
        .description("One WhatsApp instance behind Z-API: its connection, subscription, webhooks and polls.")
        .tags(["zapi", "whatsapp"])
        .time("now-24h", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(links.to_dashboard("Fleet", links.FLEET_UID, "All instances"))
        .link(links.to_runbooks())
    )
    for variable in (
        variables.datasource(),
        variables.job(),
        variables.label(),
        variables.value(),
        variables.name(),
        variables.runbooks(),
    ):
        built.with_variable(variable)
    for severity in ("critical", "warning"):
        which = f'{ONE_ALERTS}, severity="{severity}"'
        built.annotation(firing_alerts(f"{severity.capitalize()} alerts of the instance", which, severity))
    built.annotation(firing_alerts("Alerts of the whole job", JOB_ALERTS, "warning"))
    for title, panels in {
        "Now": instance_now.panels(words),
        "Over time": instance_past.states_over_time(words),
        "Polls and subscription": instance_past.numbers_over_time(),
    }.items():
        built.with_row(Row(title))
        for panel in panels:
            built.with_panel(panel)
    return built
