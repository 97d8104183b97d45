"""The overview: what is wrong now, then connection, subscription, webhooks and Z-API over time."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.build import (
    fleet_connection,
    fleet_messages,
    fleet_now,
    fleet_polls,
    fleet_subscription,
    fleet_webhooks,
    links,
    variables,
)
from grafana.build.annotations import firing_alerts
from grafana.build.frame import add_rows, add_variables, framed
from grafana.build.queries import FLEET_ALERTS


def dashboard(words: Mapping[str, str]) -> Dashboard:
    """``words`` are those of each reason of a failed poll."""
    built = (
        framed(
            "Z-API fleet",
            links.FLEET_UID,
            "WhatsApp instances behind Z-API: what is wrong now, and what will be.",
            "6h",
        )
        .link(links.to_dashboard("One instance", links.INSTANCE_UID, "Everything about one instance"))
        .link(links.to_dashboard("Availability", links.AVAILABILITY_UID, "How reliable the numbers were"))
        .link(links.to_runbooks())
    )
    add_variables(built, variables.rows())
    for severity in ("critical", "warning", "info"):
        which = f'{FLEET_ALERTS}, severity="{severity}"'
        built.annotation(firing_alerts(f"{severity.capitalize()} alerts", which, severity))
    return add_rows(
        built,
        {
            "What is wrong now": fleet_now.panels(words),
            "Connection": fleet_connection.panels(),
            "Phones, sessions and messages": fleet_messages.panels(),
            "Subscription and payment": fleet_subscription.panels(),
            "Webhooks": fleet_webhooks.panels(),
            "Z-API and the exporter": fleet_polls.panels(words),
        },
    )
