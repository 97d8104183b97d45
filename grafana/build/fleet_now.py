"""What is wrong now: numbers, then the instances, then the alerts."""

from collections.abc import Iterator, Mapping
from typing import Final

from grafana_foundation_sdk.builders import stat, table

from grafana.build.links import instance_of_row, runbook_of_row
from grafana.build.looks import (
    BAD,
    COLOURED_CELL,
    COLOURED_TEXT,
    GOOD,
    NONE_IS_FINE,
    NONE_IS_GOOD,
    PLAIN,
    WARN,
    mapping,
    property_of,
)
from grafana.build.panels import About, Column, Layout, number, rows
from grafana.build.queries import (
    FLEET,
    FLEET_ALERTS,
    JOB,
    PROBLEMS,
    RULES_LOADED,
    began,
    expiring_soon,
    firing,
    troubles,
    unknown,
)

_NOTHING_KNOWN: Final = "nothing known"
_URGENT: Final = ("Disconnected", "Cannot be polled", "Expired", "Webhook missing", "Webhook to elsewhere")


def panels(words: Mapping[str, str]) -> Iterator[stat.Panel | table.Panel]:
    yield from _worst()
    yield from _rest()
    yield _instances(words)
    yield _alerts()


def _worst() -> Iterator[stat.Panel]:
    yield number(
        _tile("Alerts", "Alerts that are firing, pending ones not counted.", "rules not loaded"),
        f"count({firing(FLEET_ALERTS)}) or {RULES_LOADED}",
        NONE_IS_GOOD,
    )
    yield number(
        _tile("Disconnected", "Instances that are not connected to WhatsApp.", _NOTHING_KNOWN),
        f"sum(zapi_instance_connected{{{FLEET}}} == bool 0)",
        NONE_IS_GOOD,
    )
    yield number(
        _tile("Cannot be polled", "Instances whose last poll failed, for any reason.", "not polled yet"),
        f"sum(zapi_instance_up{{{FLEET}}} == bool 0)",
        NONE_IS_FINE,
    )
    yield number(
        _tile(
            "Values withdrawn",
            "Instances that could not be polled for so long that nothing is said of them any more: they may be "
            "disconnected.",
            "not polled yet",
        ),
        unknown(FLEET),
        NONE_IS_GOOD,
    )
    yield number(
        _tile(
            "Webhooks wrong",
            "Webhooks that the configuration expects, missing or to another URL.",
            "none expected",
        ),
        f"sum(zapi_instance_webhook_as_expected{{{FLEET}}} == bool 0)",
        NONE_IS_GOOD,
    )
    yield number(
        _tile("Exporters down", "Exporters that Prometheus cannot scrape.", "no exporter known"),
        f"sum(up{{{JOB}}} == bool 0 and on (job, instance) job_instance:zapi_exporter:known{{{JOB}}})",
        NONE_IS_GOOD,
    )


def _rest() -> Iterator[stat.Panel]:
    yield number(
        _tile("Instances", "Instances that were polled at least once.", "none"),
        f"count(zapi_instance_up{{{FLEET}}})",
        PLAIN,
    )
    yield number(
        _tile(
            "Connected",
            "Share of the instances with a known state that are connected.",
            _NOTHING_KNOWN,
            "percentunit",
        ),
        f"avg(zapi_instance_connected{{{FLEET}}})",
        ((None, BAD), (0.95, WARN), (1, GOOD)),
        decimals=1,
    )
    yield number(
        _tile("Expired", "Instances whose subscription has ended.", _NOTHING_KNOWN),
        f"sum(zapi_instance_until_due_seconds{{{FLEET}}} <= bool 0)",
        NONE_IS_GOOD,
    )
    yield number(
        _tile(
            "Expire soon",
            "Instances that expire within their threshold, 7 days unless changed.",
            _NOTHING_KNOWN,
        ),
        f"count({expiring_soon(FLEET)} > 0) or 0 * count(zapi_instance_until_due_seconds{{{FLEET}}})",
        NONE_IS_FINE,
    )
    yield number(
        _tile("Not paid", "Instances whose payment status is none of the paid ones.", _NOTHING_KNOWN),
        f"sum(zapi_instance_paid{{{FLEET}}} == bool 0)",
        NONE_IS_FINE,
    )
    yield number(
        _tile(
            "Failing polls",
            "Share of the polls of these jobs that fail, of all instances.",
            "no polls",
            "percentunit",
        ),
        f'sum(rate(zapi_exporter_polls_total{{{JOB}, outcome!="success"}}[$__rate_interval]))'
        f" / sum(rate(zapi_exporter_polls_total{{{JOB}}}[$__rate_interval]))",
        ((None, GOOD), (0.05, WARN), (0.5, BAD)),
        decimals=1,
    )


def _instances(words: Mapping[str, str]) -> table.Panel:
    about = About(
        title="Instances with a problem (at most $rows of a kind)",
        description="Everything that is wrong with an instance as of its last poll, before any alert waits for it to "
        "last. The labels of your configuration are the last columns.",
        unit="string",
        empty="Nothing is wrong with any instance",
        width=14,
        height=11,
    )
    colours = mapping({problem: (problem, BAD if problem in _URGENT else WARN) for problem in PROBLEMS})
    columns = (
        Column("problem", "Problem", (COLOURED_CELL, property_of("mappings", colours)), width=170),
        Column("name", "Instance", (property_of("links", [instance_of_row()]),)),
        Column(
            "detail",
            "Detail",
            (property_of("mappings", mapping({reason: (text, None) for reason, text in words.items()})),),
        ),
        Column("runbook", "What to do", (property_of("links", [runbook_of_row("runbook")]),), width=250),
    )
    hidden = ("Time", "Value", "__name__", "instance", "reason", "status", "webhook")
    return rows(about, {"A": troubles(FLEET, most="$rows")}, Layout(columns, hidden))


def _alerts() -> table.Panel:
    about = About(
        title="Firing alerts",
        description="Alerts that are firing in Prometheus, the latest $rows of each severity and all that are "
        "about no single instance, including those that Alertmanager holds back.",
        unit="string",
        empty="No alert is firing",
        width=10,
        height=11,
    )
    severities = mapping({"critical": ("critical", BAD), "warning": ("warning", WARN)})
    columns = (
        Column("severity", "Severity", (COLOURED_TEXT, property_of("mappings", severities)), width=80),
        Column("alertname", "Alert", (property_of("links", [runbook_of_row("alertname")]),), width=230),
        Column("name", "Instance", (property_of("links", [instance_of_row()]),)),
        Column("webhook", "Webhook", width=110),
        Column("Value", "Since", (property_of("unit", "dateTimeFromNow"),), width=130),
    )
    single, other = f'{FLEET_ALERTS}, name!=""', f'{FLEET_ALERTS}, name=""'
    query = f"topk by (severity) ($rows, {began(single)}) or {began(other)}"
    hidden = ("Time", "__name__", "instance")
    return rows(about, {"A": query}, Layout(columns, hidden, sort=(("Severity", False), ("Since", True))))


def _tile(title: str, description: str, empty: str, unit: str = "none") -> About:
    return About(title, description, unit, empty, width=4, height=3)
