"""Made-up histories of numbers, minute by minute, and the figures that they must give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MINUTE = 60
HOUR = 3600
BLIND = 300
"""Seconds after a good poll for which its reading still counts, as in the rules."""


@dataclass(frozen=True, slots=True)
class Span:
    """From a second on, until just before another."""

    start: int
    end: int

    def __contains__(self, second: int) -> bool:
        return self.start <= second < self.end


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its labels: when it was listed, down, and without good polls. All in seconds since the start."""

    name: str
    labels: dict[str, str]
    listed: Span
    outages: Sequence[Span] = ()
    gaps: Sequence[Span] = ()
    """The exporter is silent, or its polls fail."""
    ever_connected: bool = True


@dataclass(frozen=True, slots=True)
class Minute:
    """What the base layer of the rules says at a minute; None for a series that is not there."""

    listed: int | None
    last_success: int | None
    last_connected: int | None

    @property
    def connected(self) -> bool | None:
        if self.last_success is None:
            return None
        return self.last_connected is not None and self.last_connected >= self.last_success

    def is_known(self, now: int) -> bool:
        return self.last_success is not None and now - self.last_success <= BLIND


def minutes(number: Number, until: int) -> list[Minute]:
    """Every minute from 0 to ``until``, both included."""
    found = []
    success: int | None = None
    connected: int | None = None
    for now in range(0, until + 1, MINUTE):
        if now not in number.listed:
            found.append(Minute(None, None, None))
            continue
        if not any(now in gap for gap in number.gaps):
            success = now
            if number.ever_connected and not any(now in outage for outage in number.outages):
                connected = now
        found.append(Minute(now, success, connected))
    return found


@dataclass(slots=True)
class Figures:
    """What a period gives of one number, in seconds."""

    watched: int = 0
    known: int = 0
    connected: int = 0
    disconnects: int = 0
    reconnects: int = 0
    reconnecting: int = 0
    longest: int = 0

    def add(self, other: "Figures") -> None:
        for name in ("watched", "known", "connected", "disconnects", "reconnects", "reconnecting"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest = max(self.longest, other.longest)


def total(hours: Mapping[int, Figures], start: int, end: int) -> Figures:
    """The figures of the hours that lie between two full hours."""
    sum_of = Figures()
    for ends, hour in hours.items():
        if start < ends <= end:
            sum_of.add(hour)
    return sum_of


def account(history: Sequence[Minute]) -> dict[int, Figures]:
    """What the rules must make of a history, by the second in which an hour ends.

    Each minute counts for the time before it.
    """
    made: dict[int, Figures] = {}
    first = next(at * MINUTE for at, minute in enumerate(history) if minute.listed is not None)
    for at, minute in enumerate(history):
        now = at * MINUTE
        if at == 0 or minute.listed is None:
            continue
        ends = -(-now // HOUR) * HOUR
        hour = made.setdefault(ends, Figures())
        hour.watched += MINUTE
        if minute.is_known(now):
            hour.known += MINUTE
            hour.connected += MINUTE * bool(minute.connected)
        before = history[at - 1]
        if before.connected and minute.connected is False:
            hour.disconnects += 1
        if before.connected is False and minute.connected:
            hour.reconnects += 1
            if before.last_connected is not None and minute.last_connected is not None:
                hour.reconnecting += minute.last_connected - before.last_connected
        if minute.connected is False:
            since = minute.last_connected
            hour.longest = max(
                hour.longest, now - since if since is not None else now - max(0, first - MINUTE)
            )
    return made
