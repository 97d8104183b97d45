"""How reliable numbers were: all together, by label, one by one, and what expires when."""

from collections.abc import Iterator, Mapping
from typing import Final

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import GraphDrawStyle
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from grafana.build import links, variables
from grafana.build.fleet_subscription import DAY
from grafana.build.frame import add_rows, add_variables, framed
from grafana.build.looks import (
    BAD,
    COLOURED_TEXT,
    GOOD,
    NONE_IS_FINE,
    PLAIN,
    UNKNOWN,
    WARN,
    by_threshold,
    color_of,
    mapping,
    property_of,
    thresholds,
)
from grafana.build.panels import About, Column, Layout, lines, merge, number, rows
from grafana.build.queries import FLEET

NEVER_KNOWN: Final = -1
"""The availability of which nothing was ever known."""

_SHARE: Final = ((None, UNKNOWN), (0, BAD), (0.99, WARN), (0.999, GOOD))
_KNOWN: Final = ((None, UNKNOWN), (0, BAD), (0.95, WARN), (0.99, GOOD))
_EMPTY: Final = "nothing known"
_AHEAD_DAYS: Final = 90


def dashboard(_words: Mapping[str, str]) -> Dashboard:
    built = (
        framed(
            "Z-API availability",
            links.AVAILABILITY_UID,
            "How reliable WhatsApp numbers behind Z-API were in the time shown, and which subscriptions end when.",
            "30d",
        )
        .link(links.to_dashboard("Fleet", links.FLEET_UID, "All instances"))
        .link(links.to_dashboard("One instance", links.INSTANCE_UID, "Everything about one instance"))
        .link(links.to_runbooks())
    )
    add_variables(built, variables.rows())
    return add_rows(
        built,
        {
            "Time shown": _tiles(),
            "By label": _groups(),
            "Each number": _numbers(),
            "By day": _days(),
            "Expiries ahead": _expiries(),
        },
    )


def over(figure: str, span: str = "$__range", function: str = "sum") -> str:
    """A figure of each number over the hours that end in a time. An hour's sample is written in the hour after it."""
    window = f"name:zapi_instance_{figure}{{{FLEET}}}[{span}] offset -61m59s"
    return f"{function}_over_time({window})"


def availability(by: str, span: str = "$__range") -> str:
    """Connected of known, cut after the hundredth of a percent: what is not whole does not look whole."""
    connected, known = (f"sum{by} ({over(f'{name}_seconds:sum1h', span)})" for name in ("connected", "known"))
    return f"floor(10000 * {connected} / ({known} > 0)) / 10000"


def known_share(by: str) -> str:
    known, watched = (f"sum{by} ({over(f'{name}_seconds:sum1h')})" for name in ("known", "watched"))
    return f"floor(10000 * {known} / ({watched} > 0)) / 10000"


def time_to_reconnect(by: str) -> str:
    return f"sum{by} ({over('reconnect_seconds:sum1h')}) / (sum{by} ({over('reconnects:sum1h')}) > 0)"


def _tiles() -> Iterator[stat.Panel]:
    yield number(
        _tile("Availability", "Time connected, of the time in which the state was known.", "percentunit"),
        availability(""),
        _SHARE,
        decimals=2,
    )
    yield number(
        _tile("Time known", "Time in which the state was known, of the time watched.", "percentunit"),
        known_share(""),
        _KNOWN,
        decimals=2,
    )
    yield number(
        _tile(
            "Hours recorded",
            "Hours that Prometheus recorded, of those in the time shown. Nothing is known of the others.",
            "percentunit",
        ),
        "clamp_max(count_over_time(zapi:availability_hour:last[$__range] offset -61m59s)"
        " / ($__range_s / 3600), 1)",
        _KNOWN,
        decimals=2,
    )
    yield number(
        _tile("Disconnects", "How often numbers lost their connection.", "none"),
        f"sum({over('disconnects:sum1h')})",
        NONE_IS_FINE,
    )
    yield number(
        _tile("Longest outage", "It may have begun before the time shown.", "dtdhms"),
        f"max({over('outage_seconds:max1h', function='max')}) or 0 * sum({over('watched_seconds:sum1h')})",
        PLAIN,
    )
    yield number(
        _tile("Time to reconnect", "The mean of the outages that ended.", "dtdhms", "none known"),
        time_to_reconnect(""),
        PLAIN,
    )


def _groups() -> Iterator[table.Panel]:
    about = About(
        title="Availability by $label",
        description="Numbers with the same value of the label that is chosen at the top. A dash: they do not have it.",
        unit="none",
        empty="Nothing is known of this time, or the rules are not loaded",
        width=24,
    )
    by = " by ($label)"
    queries = {
        "A": availability(by),
        **_figures(by),
        "G": f"count by ($label) (count by (job, name, $label) ({over('watched_seconds:sum1h')} > 0))",
    }
    # The column has one name, whichever label is chosen.
    named = {
        ref: f'max by (group) (label_replace({query}, "group", "$1", "$label", "(.*)"))'
        for ref, query in queries.items()
    }
    columns = (
        Column("group", "Group", width=220),
        Column("Value #G", "Numbers", width=110),
        *_columns(),
    )
    yield rows(about, named, Layout(columns, ("Time",), first=[merge()], sort=[("Availability", False)]))


def _numbers() -> Iterator[table.Panel]:
    about = About(
        title="The $rows least available numbers",
        description="Time blind: watched, but its state was not known. Hours that Prometheus did not record are in "
        "none of the columns.",
        unit="none",
        empty="Nothing is known of this time, or the rules are not loaded",
        width=24,
        height=11,
        runbooks=("ZapiInstanceDisconnected", "ZapiInstanceFlapping"),
    )
    by = " by (job, name)"
    never = f"0 * sum{by} ({over('known_seconds:sum1h')}) - {-NEVER_KNOWN}"
    worst = f"bottomk($rows, {availability(by)} or {never})"
    queries = {
        "A": worst,
        **{ref: f"{query} and on (job, name) {worst}" for ref, query in _figures(by).items()},
    }
    columns = (
        Column("name", "Number", (property_of("links", [links.instance_of_row()]),)),
        *_columns(),
        Column("job", "Job", shown=False),
    )
    yield rows(about, queries, Layout(columns, ("Time",), first=[merge()], sort=[("Availability", False)]))


def _figures(by: str) -> dict[str, str]:
    watched, known = (f"sum{by} ({over(f'{name}_seconds:sum1h')})" for name in ("watched", "known"))
    return {
        "B": known_share(by),
        "C": f"sum{by} ({over('disconnects:sum1h')})",
        "D": f"max{by} ({over('outage_seconds:max1h', function='max')})",
        "E": f"({time_to_reconnect(by)})",
        "F": f"({watched} - {known})",
    }


def _columns() -> tuple[Column, ...]:
    share = (property_of("unit", "percentunit"), property_of("decimals", 2), COLOURED_TEXT)
    coloured = property_of("color", by_threshold().build())
    unknown = property_of("mappings", mapping({str(NEVER_KNOWN): (_EMPTY, UNKNOWN)}))
    duration = (property_of("unit", "dtdhms"),)
    return (
        Column(
            "Value #A",
            "Availability",
            (*share, coloured, unknown, property_of("thresholds", thresholds(_SHARE).build())),
        ),
        Column(
            "Value #B",
            "Time known",
            (*share, coloured, property_of("thresholds", thresholds(_KNOWN).build())),
        ),
        Column("Value #C", "Disconnects"),
        Column("Value #D", "Longest outage", duration),
        Column("Value #E", "Time to reconnect", duration),
        Column("Value #F", "Time blind", duration),
    )


def _days() -> Iterator[timeseries.Panel]:
    about = About(
        title="Availability per day",
        description="Of all numbers: time connected, of the time known, in the 24 hours before each point.",
        unit="percentunit",
        empty="Nothing is known of this time, or the rules are not loaded",
        width=12,
    )
    queries = {"availability": availability("", "1d")}
    yield lines(about, queries).interval("1d").axis_soft_min(0.9).max(1).decimals(2)
    about = About(
        title="Disconnects per day",
        description="How often numbers lost their connection in the 24 hours before each point.",
        unit="none",
        empty="Nothing is known of this time, or the rules are not loaded",
        width=12,
        runbooks=("ZapiInstanceFlapping",),
    )
    queries = {"disconnects": f"sum({over('disconnects:sum1h', '1d')})"}
    bars = lines(about, queries, overrides={"disconnects": [color_of(WARN)]}).interval("1d").decimals(0)
    yield bars.draw_style(GraphDrawStyle.BARS).fill_opacity(80)


def _expiries() -> Iterator[table.Panel]:
    due = f"max by (job, name) (zapi_instance_due_timestamp_seconds{{{FLEET}}})"
    yield _calendar(due)
    yield _next(due)
    yield _without_due_date()


def _calendar(due: str) -> table.Panel:
    about = About(
        title="Calendar of expiries",
        description=f"How many subscriptions end on each day (of UTC) of the next {_AHEAD_DAYS}, and how many have "
        "ended.",
        unit="none",
        empty="No subscription is known to end in this time",
        width=8,
        height=11,
        runbooks=("ZapiInstanceExpiringSoon",),
    )
    soon = f"({due} < time() + {_AHEAD_DAYS * DAY})"
    query = f'count_values("day", 1000 * {DAY} * floor({soon} / {DAY}))'
    columns = (
        Column("day", "Day", (property_of("unit", "time:YYYY-MM-DD"),)),
        Column("Value", "Numbers"),
    )
    as_number = DataTransformerConfig(
        id_val="convertFieldType",
        options={"conversions": [{"targetField": "day", "destinationType": "number"}], "fields": {}},
    )
    return rows(about, {"A": query}, Layout(columns, ("Time",), first=[as_number], sort=[("Day", False)]))


def _next(due: str) -> table.Panel:
    about = About(
        title="Next to expire (at most $rows)",
        description="The numbers whose subscriptions end next.",
        unit="none",
        empty="No due date is known",
        width=8,
        height=11,
        runbooks=("ZapiInstanceExpiringSoon", "ZapiInstanceExpired"),
    )
    columns = (
        Column("name", "Number", (property_of("links", [links.instance_of_row()]),)),
        Column("Value", "Expires", (property_of("unit", "dateTimeAsIso"),), width=180),
        Column("job", "Job", shown=False),
    )
    query = f"sort(bottomk($rows, 1000 * {due}))"
    return rows(about, {"A": query}, Layout(columns, ("Time",)))


def _without_due_date() -> table.Panel:
    about = About(
        title="Without a known due date (at most $rows)",
        description="Their last poll succeeded, and did not say when the subscription ends.",
        unit="none",
        empty="No such number is known",
        width=8,
        height=11,
    )
    query = (
        f"topk($rows, max by (job, name) (zapi_instance_up{{{FLEET}}}) == 1"
        f" unless on (job, name) zapi_instance_due_timestamp_seconds{{{FLEET}}})"
    )
    columns = (
        Column("name", "Number", (property_of("links", [links.instance_of_row()]),)),
        Column("job", "Job"),
    )
    return rows(about, {"A": query}, Layout(columns, ("Time", "Value")))


def _tile(title: str, description: str, unit: str, empty: str = _EMPTY) -> About:
    return About(title, description, unit, empty, width=4, height=3)
