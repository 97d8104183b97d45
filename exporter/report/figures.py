"""The hourly series of the rules → figures of each number and group. docs/availability.md says what they mean."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.report.period import HOUR, Day
from exporter.report.prometheus import Sample

Key = tuple[str, str, str]
"""Job, namespace and name of a number: what stays when its labels change."""

LATEST: Final = HOUR + 119
"""Seconds after the end of an hour at which its sample is written at the latest; at the earliest it is 120."""

BY_DAY: Final = {
    "watched": "sum_over_time(name:zapi_instance_watched_seconds:sum1h[{span}s])",
    "known": "sum_over_time(name:zapi_instance_known_seconds:sum1h[{span}s])",
    "connected": "sum_over_time(name:zapi_instance_connected_seconds:sum1h[{span}s])",
}
BY_MONTH: Final = {
    "disconnects": "sum_over_time(name:zapi_instance_disconnects:sum1h[{span}s])",
    "reconnects": "sum_over_time(name:zapi_instance_reconnects:sum1h[{span}s])",
    "reconnecting": "sum_over_time(name:zapi_instance_reconnect_seconds:sum1h[{span}s])",
    "longest": "max_over_time(name:zapi_instance_outage_seconds:max1h[{span}s])",
}
RECORDED: Final = "count_over_time(zapi:availability_hour:last[{span}s])"

Ask = Callable[[str, int, int], list[Sample]]
"""Runs a query with ``{span}`` in it, over the hours that end after one unix time and not after another."""


@dataclass(slots=True)
class Share:
    """Durations in seconds. ``span`` is how long the number was monitored, with unrecorded hours between."""

    span: float = 0
    known: float = 0
    connected: float = 0

    def add(self, other: "Share") -> None:
        self.span += other.span
        self.known += other.known
        self.connected += other.connected

    @property
    def availability(self) -> float | None:
        """Return connected divided by known; None if nothing is known."""
        return self.connected / self.known if self.known else None

    @property
    def known_share(self) -> float | None:
        return min(1.0, self.known / self.span) if self.span else None

    @property
    def blind(self) -> float:
        return max(0.0, self.span - self.known)

    def parts(self) -> dict[str, float]:
        """Return the parts of the time in percent: connected, disconnected, not known; all 0 if it has none."""
        if not self.span:
            return {"connected": 0, "disconnected": 0, "unknown": 0}
        span = max(self.span, self.known)
        connected = 100 * self.connected / span
        known = 100 * self.known / span
        return {"connected": connected, "disconnected": known - connected, "unknown": 100 - known}


@dataclass(slots=True)
class Figures:
    """A number, or a group of ``numbers`` of them. ``days`` are in the order of the month's."""

    group: str
    job: str = ""
    namespace: str = ""
    name: str = ""
    numbers: int = 1
    total: Share = field(default_factory=Share)
    days: list[Share] = field(default_factory=list)
    disconnects: int = 0
    reconnects: int = 0
    reconnecting: float = 0
    longest: float = 0

    @property
    def time_to_reconnect(self) -> float | None:
        """Return the mean duration of the outages that ended; None if none did."""
        return self.reconnecting / self.reconnects if self.reconnects else None


@dataclass(frozen=True, slots=True)
class Report:
    """``recorded`` of ``hours`` hours are in Prometheus; for the others there is no data.

    ``warnings`` are the warnings that the server returned with its answers, which may be incomplete.
    """

    days: Sequence[Day]
    all: Figures
    groups: Sequence[Figures]
    numbers: Sequence[Figures]
    hours: int
    recorded: int
    warnings: Sequence[str] = ()


def steps(days: Sequence[Day]) -> int:
    """Return how many queries a report of these days takes."""
    return len(days) * (len(BY_DAY) + 1) + len(BY_MONTH)


def collect(ask: Ask, days: Sequence[Day], group_by: str) -> Report:
    """Run all queries and combine the results."""
    hours = [int(sum(one.value for one in ask(RECORDED, day.start, day.end))) for day in days]
    rows: dict[Key, Figures] = {}
    seen: dict[Key, dict[str, list[float]]] = {}
    for place, day in enumerate(days):
        for figure, query in BY_DAY.items():
            for sample in ask(query, day.start, day.end):
                key = _key(sample.labels)
                # Use the group of the newest labels.
                row = rows.setdefault(key, Figures("", *key))
                row.group = sample.labels.get(group_by, "")
                values = seen.setdefault(key, {name: [0.0] * len(days) for name in BY_DAY})
                values[figure][place] += sample.value
    for figure, query in BY_MONTH.items():
        for sample in ask(query, days[0].start, days[-1].end):
            found = rows.get(_key(sample.labels))
            if found is not None:
                _put(found, figure, sample.value)
    for key, row in rows.items():
        row.days = _shares(seen[key], days, hours)
        for share in row.days:
            row.total.add(share)
    numbers = sorted(rows.values(), key=_worst_first)
    groups = sorted(_grouped(numbers).values(), key=_worst_first)
    return Report(
        days,
        _joined("", numbers),
        groups,
        numbers,
        sum(day.end - day.start for day in days) // HOUR,
        sum(hours),
    )


def _key(labels: Mapping[str, str]) -> Key:
    return labels.get("job", ""), labels.get("namespace", ""), labels.get("name", "")


def _put(row: Figures, figure: str, value: float) -> None:
    match figure:
        case "disconnects":
            row.disconnects += round(value)
        case "reconnects":
            row.reconnects += round(value)
        case "reconnecting":
            row.reconnecting += value
        case _:
            row.longest = max(row.longest, value)


def _shares(
    values: Mapping[str, Sequence[float]], days: Sequence[Day], recorded: Sequence[int]
) -> list[Share]:
    """Return the share of each day.

    Days between the first and the last day of a number count in full, even if Prometheus recorded nothing.
    """
    watched = values["watched"]
    there = [place for place, seconds in enumerate(watched) if seconds]
    began = next((place for place, hours in enumerate(recorded) if hours), 0)
    shares = []
    for place, day in enumerate(days):
        length = day.end - day.start
        span = watched[place]
        if there and there[0] < place < there[-1]:
            span = length
        elif there and there[0] <= place <= there[-1] and place != began:
            span += min(length - span, length - recorded[place] * HOUR)
        shares.append(Share(max(0.0, span), values["known"][place], values["connected"][place]))
    return shares


def _grouped(numbers: Iterable[Figures]) -> dict[str, Figures]:
    members: dict[str, list[Figures]] = {}
    for row in numbers:
        members.setdefault(row.group, []).append(row)
    return {group: _joined(group, rows) for group, rows in members.items()}


def _joined(group: str, rows: Sequence[Figures]) -> Figures:
    joined = Figures(group, numbers=len(rows), days=[Share() for _ in (rows[0].days if rows else ())])
    for row in rows:
        joined.total.add(row.total)
        for mine, theirs in zip(joined.days, row.days, strict=True):
            mine.add(theirs)
        joined.disconnects += row.disconnects
        joined.reconnects += row.reconnects
        joined.reconnecting += row.reconnecting
        joined.longest = max(joined.longest, row.longest)
    return joined


def _worst_first(row: Figures) -> tuple[float, float, str, str]:
    availability = row.total.availability
    return (-1.0 if availability is None else availability, -row.longest, row.group, row.name)
