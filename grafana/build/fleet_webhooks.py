"""Which webhooks are set, and whether as expected."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import bargauge, table
from grafana_foundation_sdk.models.common import (
    TableCellBackgroundDisplayMode,
    TableColoredBackgroundCellOptions,
)

from grafana.build.links import instance_of_cell
from grafana.build.looks import BAD, GOOD, NEUTRAL, PLAIN, UNSET, mapping, property_of
from grafana.build.panels import About, Column, Layout, bars, matrix, rows
from grafana.build.queries import FLEET, webhook_state

WEBHOOK: Final = {
    "0": ("not set", "text"),
    "1": ("set", NEUTRAL),
    "2": ("as expected", GOOD),
    "3": ("missing", BAD),
    "4": ("to elsewhere", BAD),
    "5": ("muted", BAD),
}
"""The values of :func:`~grafana.build.queries.webhook_state`."""


def panels() -> Iterator[table.Panel | bargauge.Panel]:
    about = About(
        title="Webhooks of each instance (the $rows with most wrong)",
        description="Set: a URL is set that nobody expects or forbids. Missing: expected, and no URL is set. To "
        "elsewhere: expected to be another URL. Muted: a URL is set, but a filter at Z-API keeps it from being "
        "called, expected or not. A dash: Z-API does not tell.",
        unit="none",
        empty="No webhooks are known",
        width=24,
        height=11,
        runbooks=("ZapiInstanceWebhookMissing", "ZapiInstanceWebhookUnexpected"),
    )
    wrong = f"sum by (job, name) (zapi_instance_webhook_as_expected{{{FLEET}}} == bool 0)"
    known = f"0 * count by (job, name) (zapi_instance_webhook_configured{{{FLEET}}})"
    query = f"{webhook_state(FLEET)} and on (job, name) topk($rows, {wrong} or {known})"
    first_column = Column(
        "name\\webhook",
        "Instance",
        (property_of("custom.cellOptions", {"type": "auto"}), property_of("links", [instance_of_cell()])),
        width=220,
    )
    panel = rows(about, {"A": query}, Layout((first_column,), first=[matrix("name", "webhook")]))
    panel.mappings(mapping({**WEBHOOK, "0": ("not set", UNSET)})).cell_options(
        TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)
    )
    yield panel
    yield bars(
        About(
            title="Instances with each webhook",
            description="Share of the instances for which a URL is set, expected or not.",
            unit="percentunit",
            empty="No webhooks are known",
            width=24,
            height=10,
        ),
        {"{{webhook}}": f"sort_desc(avg by (webhook) (zapi_instance_webhook_configured{{{FLEET}}}))"},
        PLAIN,
        highest=1,
    )
