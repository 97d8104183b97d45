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
    UNKNOWN,
    WARN,
    mapping,
    property_of,
    severities,
)
from grafana.build.panels import About, Column, Layout, number, rows
from grafana.build.queries import (
    FLEET,
    FLEET_ALERTS,
    JOB,
    NOTHING_KNOWN,
    PROBLEM_WORDS,
    PROBLEMS,
    RULES_LOADED,
    RULES_MISSING,
    began,
    expiring_soon,
    firing,
    troubles,
    unknown,
)

_NOTHING_KNOWN: Final = "nothing known"
_NOT_URGENT: Final = ("Expires soon", "Not paid", "Phone offline")
_SESSIONS: Final = {
    "session restorable": ("restore the session", None),
    "session disconnected": ("scan the QR code", None),
    "session unknown": ("see the instance at Z-API", None),
}
"""What to do about a session, by the detail of its problem."""


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
            "Webhooks that the configuration expects, missing, muted or to another URL.",
            "none expected",
        ),
        f"sum(zapi_instance_webhook_as_expected{{{FLEET}}} == bool 0)",
        NONE_IS_GOOD,
    )
    yield number(
        _tile("Exporters down", "Exporters that Prometheus cannot scrape.", "none known"),
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
        ((None, UNKNOWN), (0, BAD), (0.95, WARN), (1, GOOD)),
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
        f"count({expiring_soon(FLEET)} > 0) or 0 * count("
        f"zapi_instance_until_due_seconds{{{FLEET}}} and on () zapi:threshold:expiring_soon_seconds)",
        NONE_IS_FINE,
    )
    yield number(
        _tile("Not paid", "Instances whose payment status is one of the unpaid ones.", _NOTHING_KNOWN),
        f"sum(zapi_instance_paid{{{FLEET}}} == bool 0)",
        NONE_IS_FINE,
    )
    yield number(
        _tile(
            "Failing polls",
            "Share of the polls of these jobs that failed in the last ten minutes, of all instances.",
            "no polls",
            "percentunit",
        ),
        # An instance that fails is polled every five minutes: a shorter time may hold no poll at all.
        f'sum(increase(zapi_exporter_polls_total{{{JOB}, outcome!="success"}}[10m]))'
        f" / (sum(increase(zapi_exporter_polls_total{{{JOB}}}[10m])) > 0)",
        ((None, UNKNOWN), (0, GOOD), (0.05, WARN), (0.5, BAD)),
        decimals=1,
    )


def _instances(words: Mapping[str, str]) -> table.Panel:
    about = About(
        title="Instances with a problem (at most $rows of a kind)",
        description="Everything that is wrong with an instance as of its last poll, before any alert waits for it to "
        "last. The labels of your configuration are the last columns.",
        unit="string",
        empty="Nothing is wrong with any instance",
        width=24,
        height=10,
    )
    colours = mapping(
        {
            **{
                problem: (PROBLEM_WORDS.get(problem, problem), WARN if problem in _NOT_URGENT else BAD)
                for problem in PROBLEMS
            },
            NOTHING_KNOWN: (NOTHING_KNOWN, UNKNOWN),
        }
    )
    columns = (
        Column("problem", "Problem", (COLOURED_CELL, property_of("mappings", colours)), width=180),
        Column("name", "Instance", (property_of("links", [instance_of_row()]),)),
        Column(
            "detail",
            "Detail",
            (
                property_of(
                    "mappings",
                    mapping({**{reason: (text, None) for reason, text in words.items()}, **_SESSIONS}),
                ),
            ),
            width=400,
        ),
        Column("runbook", "What to do", (property_of("links", [runbook_of_row("runbook")]),), width=280),
        Column("job", "Job", shown=False),
    )
    hidden = ("Time", "Value", "__name__", "instance", "reason", "session", "status", "webhook")
    return rows(about, {"A": troubles(FLEET, most="$rows")}, Layout(columns, hidden))


def _alerts() -> table.Panel:
    about = About(
        title="Firing alerts",
        description="Alerts that are firing in Prometheus, the latest $rows of each severity and all that are "
        "about no single instance, including those that Alertmanager holds back.",
        unit="string",
        empty="No alert is firing",
        width=24,
        height=10,
    )
    columns = (
        Column("severity", "Severity", (COLOURED_TEXT, property_of("mappings", severities())), width=140),
        Column("alertname", "Alert", (property_of("links", [runbook_of_row("alertname")]),), width=280),
        Column("name", "Instance", (property_of("links", [instance_of_row()]),)),
        Column("webhook", "Webhook"),
        Column("Value", "Since", (property_of("unit", "dateTimeAsIso"),), width=180),
        Column("job", "Job", shown=False),
    )
    single, other = f'{FLEET_ALERTS}, name!=""', f'{FLEET_ALERTS}, name=""'
    latest = f"topk by (severity) ($rows, {began(single)})"
    query = (
        f"max without (instance, alertstate, source, status) ({latest} or {began(other)}) or {RULES_MISSING}"
    )
    hidden = ("Time",)
    return rows(about, {"A": query}, Layout(columns, hidden, sort=(("Severity", False), ("Since", True))))


def _tile(title: str, description: str, empty: str, unit: str = "none") -> About:
    return About(title, description, unit, empty, width=4, height=3)
