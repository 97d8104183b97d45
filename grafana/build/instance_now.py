"""How one instance is now."""

from collections.abc import Iterator, Mapping
from typing import Final

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.build.fleet_subscription import DAY, DAYS_LEFT
from grafana.build.fleet_webhooks import WEBHOOK
from grafana.build.links import runbook_of_row
from grafana.build.looks import (
    BAD,
    COLOURED_TEXT,
    GOOD,
    NONE_IS_GOOD,
    UNKNOWN,
    WARN,
    mapping,
    property_of,
    severities,
)
from grafana.build.panels import About, Column, Layout, labels_as_rows, number, rows, word
from grafana.build.queries import (
    JOB_ALERTS,
    ONE,
    ONE_ALERTS,
    RULES_MISSING,
    began,
    disconnects,
    webhook_state,
)

_UNKNOWN: Final = "nothing known"


def panels(words: Mapping[str, str]) -> Iterator[stat.Panel | table.Panel]:
    yield from _state(words)
    yield from _trust()
    yield _alerts()
    yield _labels()
    yield _webhooks()
    yield _settings()


def _state(words: Mapping[str, str]) -> Iterator[stat.Panel]:
    yield number(
        _tile(
            "Connection",
            "Whether the instance is connected to WhatsApp.",
            _UNKNOWN,
            "ZapiInstanceDisconnected",
        ),
        f"max(zapi_instance_connected{{{ONE}}})",
        ((None, UNKNOWN), (0, BAD), (1, GOOD)),
        mappings=mapping({"0": ("disconnected", BAD), "1": ("connected", GOOD)}),
    )
    yield word(
        About(
            "Last poll",
            "Whether the last poll succeeded, and why it did not.",
            "none",
            "not polled yet",
            width=12,
            height=3,
            runbooks=("ZapiInstancePollsFailing",),
        ),
        f"max by (reason) (zapi_instance_poll_failure{{{ONE}}})"
        f' or label_replace(max(zapi_instance_up{{{ONE}}}) == 1, "reason", "succeeded", "", "")',
        "reason",
        mapping(
            {"succeeded": ("succeeded", GOOD), **{reason: (text, WARN) for reason, text in words.items()}}
        ),
        size=18,
    )
    yield number(
        _tile("Last good poll", "Time since a poll last succeeded.", "never", "ZapiInstanceValuesStale", "s"),
        f"time() - max(zapi_instance_last_success_timestamp_seconds{{{ONE}}})",
        ((None, UNKNOWN), (0, GOOD), (300, WARN), (900, BAD)),
    )


def _trust() -> Iterator[stat.Panel]:
    yield number(
        _tile(
            "Days left",
            "Days until the subscription ends; negative once it has.",
            _UNKNOWN,
            "ZapiInstanceExpiringSoon",
        ),
        f"min(zapi_instance_until_due_seconds{{{ONE}}}) / {DAY}",
        DAYS_LEFT,
        decimals=1,
    )
    yield number(
        _tile(
            "Payment",
            "The payment status that Z-API gives. Green: it counts as paid. Orange: as not paid. Grey: as neither.",
            _UNKNOWN,
            "ZapiInstanceUnpaid",
        ),
        f"max by (status) (zapi_instance_payment_status{{{ONE}}} == 1)"
        f" * on () group_left () (max(zapi_instance_paid{{{ONE}}}) or vector(-1))"
        # A tile that shows the name of a series is blank without one.
        f' or (label_replace(vector(-1), "status", "\N{EM DASH}", "", "")'
        f" unless on () zapi_instance_payment_status{{{ONE}}} == 1)",
        ((None, UNKNOWN), (0, WARN), (1, GOOD)),
        name="{{status}}",
    )
    yield number(
        _tile(
            "Webhooks wrong",
            "Webhooks that the configuration expects, missing, muted or to another URL.",
            "none expected",
            "ZapiInstanceWebhookMissing",
        ),
        f"sum(max by (webhook) (zapi_instance_webhook_as_expected{{{ONE}}} == bool 0))",
        NONE_IS_GOOD,
    )
    yield number(
        _tile(
            "Lost connection",
            "Disconnects in the time shown, as seen by polls.",
            _UNKNOWN,
            "ZapiInstanceFlapping",
        ),
        # Nothing was lost only where something was seen.
        f"max({disconnects(ONE)}) and on () max(last_over_time(zapi_instance_connected{{{ONE}}}[$__range]))",
        ((None, UNKNOWN), (0, GOOD), (1, WARN), (3, BAD)),
    )


def _alerts() -> table.Panel:
    about = About(
        title="Firing alerts",
        description="Alerts of this instance that are firing in Prometheus, and those about the whole job or exporter.",
        unit="string",
        empty="No alert is firing",
        width=14,
    )
    columns = (
        Column("severity", "Severity", (COLOURED_TEXT, property_of("mappings", severities())), width=140),
        Column("alertname", "Alert", (property_of("links", [runbook_of_row("alertname")]),)),
        Column("webhook", "Webhook", width=120),
        Column("Value", "Since", (property_of("unit", "dateTimeAsIso"),), width=180),
    )
    kept = "max by (severity, alertname, webhook)"
    query = f"{kept} ({began(ONE_ALERTS)} or {began(JOB_ALERTS)}) or {RULES_MISSING}"
    layout = Layout(columns, ("Time",), sort=(("Severity", False), ("Since", True)))
    return rows(about, {"A": query}, layout)


def _labels() -> table.Panel:
    about = About(
        title="Labels",
        description="The labels that the configuration gives the instance, its id, and its name at Z-API.",
        unit="string",
        empty=_UNKNOWN,
        width=10,
    )
    columns = (Column("label", "Label", width=150), Column("value", "Value"))
    return rows(
        about,
        {"A": f"1 * zapi_instance_info{{{ONE}}}"},
        Layout(columns, first=[labels_as_rows()]),
        query_format=PromQueryFormat.TIME_SERIES,
    )


def _webhooks() -> table.Panel:
    about = About(
        title="Webhooks",
        description="Set: a URL is set that nobody expects or forbids. Missing: expected, and no URL is set. To "
        "elsewhere: expected to be another URL.",
        unit="none",
        empty=_UNKNOWN,
        width=14,
        height=10,
        runbooks=("ZapiInstanceWebhookMissing", "ZapiInstanceWebhookUnexpected"),
    )
    columns = (
        Column("webhook", "Webhook"),
        Column("Value", "State", (COLOURED_TEXT, property_of("mappings", mapping(WEBHOOK)))),
    )
    query = f"sort_desc(max by (webhook) ({webhook_state(ONE)}))"
    return rows(about, {"A": query}, Layout(columns, ("Time",)))


def _settings() -> table.Panel:
    about = About(
        title="Settings",
        description="The switches of the instance at Z-API.",
        unit="none",
        empty=_UNKNOWN,
        width=10,
        height=10,
    )
    columns = (
        Column("setting", "Setting"),
        Column(
            "Value", "State", (property_of("mappings", mapping({"0": ("off", None), "1": ("on", GOOD)})),)
        ),
    )
    query = f"max by (setting) (zapi_instance_setting_enabled{{{ONE}}})"
    return rows(about, {"A": query}, Layout(columns, ("Time",)))


def _tile(title: str, description: str, empty: str, runbook: str, unit: str = "none") -> About:
    return About(title, description, unit, empty, width=6, height=3, runbooks=(runbook,))
