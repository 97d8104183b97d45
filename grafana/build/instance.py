"""One instance in detail: how it is now, then how it was."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.build import instance_messages, instance_now, instance_past, links, variables
from grafana.build.annotations import firing_alerts
from grafana.build.frame import add_rows, add_variables, framed
from grafana.build.queries import JOB_ALERTS, ONE_ALERTS


def dashboard(words: Mapping[str, str]) -> Dashboard:
    """``words`` are those of each reason of a failed poll."""
    built = (
        framed(
            "Z-API instance",
            links.INSTANCE_UID,
            "One WhatsApp instance behind Z-API: its connection, subscription, webhooks and polls.",
            "24h",
        )
        .link(links.to_dashboard("Fleet", links.FLEET_UID, "All instances"))
        .link(links.to_dashboard("Availability", links.AVAILABILITY_UID, "How reliable the numbers were"))
        .link(links.to_runbooks())
    )
    add_variables(built, variables.name())
    for severity in ("critical", "warning", "info"):
        which = f'{ONE_ALERTS}, severity="{severity}"'
        built.annotation(firing_alerts(f"{severity.capitalize()} alerts of the instance", which, severity))
    built.annotation(firing_alerts("Alerts of the whole job", JOB_ALERTS, "warning"))
    return add_rows(
        built,
        {
            "Now": instance_now.panels(words),
            "Phone, session and messages": instance_messages.panels(),
            "Over time": instance_past.states_over_time(words),
            "Polls and subscription": instance_past.numbers_over_time(),
        },
    )
