"""When subscriptions end, and whether they are paid."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import bargauge, table

from grafana.build.links import instance_of_row
from grafana.build.looks import BAD, COLOURED_TEXT, GOOD, PLAIN, WARN, by_threshold, property_of, thresholds
from grafana.build.panels import About, Column, Layout, bars, merge, rows
from grafana.build.queries import FLEET

DAY: Final = 86400
DAYS_LEFT: Final = ((None, BAD), (1, WARN), (7, GOOD))
"""Days until a subscription ends."""

_WITHIN: Final = {
    "Expired": None,
    "Within a day": 1,
    "Within a week": 7,
    "Within 30 days": 30,
    "Within 90 days": 90,
}


def panels() -> Iterator[table.Panel | bargauge.Panel]:
    yield _next()
    yield _ahead()
    yield bars(
        About(
            title="Payment",
            description="Instances by the payment status that Z-API gives, as in payment.paid_statuses.",
            unit="none",
            empty="No payment status is known",
            width=12,
            height=8,
            runbooks=("ZapiInstanceUnpaid",),
        ),
        {"{{status}}": f"count by (status) (zapi_instance_payment_status{{{FLEET}}} == 1)"},
        PLAIN,
    )


def _next() -> table.Panel:
    about = About(
        title="Next expiries (at most $rows)",
        description="The instances whose subscriptions end next, the soonest first; those that have ended come before.",
        unit="string",
        empty="No due date is known",
        width=24,
        height=10,
        runbooks=("ZapiInstanceExpiringSoon", "ZapiInstanceExpired"),
    )
    next_ones = f"bottomk($rows, max by (job, name) (zapi_instance_due_timestamp_seconds{{{FLEET}}}))"
    soon = f"and on (job, name) {next_ones}"
    queries = {
        "A": f"1000 * zapi_instance_due_timestamp_seconds{{{FLEET}}} {soon}",
        "B": f"zapi_instance_until_due_seconds{{{FLEET}}} / {DAY} {soon}",
        "C": f"1 * (zapi_instance_payment_status{{{FLEET}}} == 1) {soon}",
    }
    left = [
        property_of("unit", "none"),
        property_of("decimals", 1),
        property_of("thresholds", thresholds(DAYS_LEFT).build()),
        property_of("color", by_threshold().build()),
        COLOURED_TEXT,
    ]
    columns = (
        Column("name", "Instance", (property_of("links", [instance_of_row()]),)),
        Column("Value #A", "Expires", (property_of("unit", "dateTimeAsIso"),), width=180),
        Column("Value #B", "Days left", left, width=120),
        Column("status", "Payment", width=130),
        Column("job", "Job", shown=False),
    )
    layout = Layout(
        columns, ("Time", "Value #C", "__name__", "instance"), first=[merge()], sort=[("Expires", False)]
    )
    return rows(about, queries, layout)


def _ahead() -> bargauge.Panel:
    about = About(
        title="Expiries ahead",
        description="How many subscriptions have ended, and how many more end within each time from now.",
        unit="none",
        empty="No due date is known",
        width=12,
        height=8,
        runbooks=("ZapiInstanceExpiringSoon",),
    )
    left = f"zapi_instance_until_due_seconds{{{FLEET}}}"
    queries = {}
    after: int | None = None
    for title, days in _WITHIN.items():
        until = (days or 0) * DAY
        lower = "" if after is None else f"({left} > bool {after}) * "
        queries[title] = f"sum({lower}({left} <= bool {until}))"
        after = until
    return bars(about, queries, PLAIN)
