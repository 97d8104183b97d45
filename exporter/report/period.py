"""A calendar month in a time zone, and its days."""

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HOUR: Final = 3600


class BadPeriod(ValueError):
    """Says what was expected of a month or a time zone, and what was found."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar: its date, and when it begins and ends in unix seconds, at full hours of UTC."""

    date: dt.date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a time zone."""

    year: int
    number: int
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> "Month":
        """Read ``2026-10``. Raise :class:`BadPeriod`."""
        found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
        if found is None or not 1 <= int(found[2]) <= 12 or not 1970 <= int(found[1]) < dt.MAXYEAR:
            raise BadPeriod(f"--month: expected a month such as 2026-10, found {text[:20]!r}")
        return cls(int(found[1]), int(found[2]), zone)

    def days(self, now: float) -> list[Day]:
        """Return the days that have begun by ``now``, a unix time.

        The last one ends with the last full hour, if it is not over.
        """
        return list(self._days(now // HOUR * HOUR))

    @property
    def end(self) -> int:
        """When the next month begins, in unix seconds."""
        return _full_hour(self._midnight(max(self._dates()) + dt.timedelta(days=1)))

    def has_aligned_hours(self) -> bool:
        """Return False where the zone's days do not begin at a full hour of UTC, as in India."""
        return all(self._midnight(date) % HOUR == 0 for date in self._dates())

    def _days(self, now: float) -> Iterator[Day]:
        for date in self._dates():
            start, end = (_full_hour(self._midnight(one)) for one in (date, date + dt.timedelta(days=1)))
            if start < min(end, now):  # Samoa had no 30 December 2011
                yield Day(date, start, int(min(end, now)))

    def _dates(self) -> Iterator[dt.date]:
        date = dt.date(self.year, self.number, 1)
        while date.month == self.number:
            yield date
            date += dt.timedelta(days=1)

    def _midnight(self, date: dt.date) -> int:
        return int(dt.datetime.combine(date, dt.time(), self.zone).timestamp())


def zone_of_environment(environ: Mapping[str, str]) -> str:
    """Return the IANA name in ``TZ``, or of the file of a time zone that it names; ``UTC`` where there is none."""
    name = environ.get("TZ", "").removeprefix(":")
    if name.startswith("/"):
        name = os.path.realpath(name).rpartition("/zoneinfo/")[2]
    return name or "UTC"


def time_zone(name: str) -> ZoneInfo:
    """Return the zone of the IANA name. Raise :class:`BadPeriod`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        expected = (
            "a name such as America/Sao_Paulo or UTC that this system knows (Debian's package tzdata has all)"
        )
        raise BadPeriod(f"--time-zone, or else TZ: expected {expected}, found {name[:40]!r}") from None


def _full_hour(second: int) -> int:
    return (second + HOUR // 2) // HOUR * HOUR
