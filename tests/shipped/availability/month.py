"""October 2026 in São Paulo, made up: with every kind of gap at every boundary."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from tests.shipped.availability.history import HOUR, MINUTE, Figures, Number, Span, account, minutes, total

ZONE: Final = ZoneInfo("America/Sao_Paulo")


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """A local time as unix seconds."""
    return int(dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE).timestamp())


START: Final = at(10, 1)
END: Final = at(11, 1)
FIRST: Final = at(9, 29)
"""When the history begins."""

LAST: Final = at(11, 2)
ALWAYS: Final = Span(0, LAST - FIRST)


def _span(start: int, end: int) -> Span:
    return Span(start - FIRST, end - FIRST)


NUMBERS: Final = (
    Number("vendas", {"team": "sales"}, ALWAYS, [_span(at(10, 10, 10), at(10, 10, 12, 30))]),
    Number(
        "vendas-2",
        {"team": "sales"},
        ALWAYS,
        [_span(at(9, 30, 22), at(10, 1, 3)), _span(at(10, 31, 20), at(11, 1, 2))],
    ),
    Number("suporte", {"team": "support"}, ALWAYS, gaps=[_span(at(10, 5), at(10, 12))]),
    Number("ouvidoria", {"team": "support"}, ALWAYS, ever_connected=False),
    Number("removida", {"team": "support"}, _span(FIRST, at(10, 10)), [_span(at(10, 9, 20), at(10, 20))]),
    Number("nova", {"team": "sales"}, _span(at(10, 20, 9, 30), LAST)),
    Number(
        "oscilante", {}, ALWAYS, [_span(at(10, 15, 8, 7 * n), at(10, 15, 8, 7 * n + 3)) for n in range(8)]
    ),
    Number("às-cegas", {}, ALWAYS, [_span(at(10, 25, 6), at(10, 27))], [_span(at(10, 25), at(10, 26, 12))]),
    Number("despedida", {}, _span(FIRST, at(10, 18, 12))),
    Number("sumida", {}, ALWAYS, gaps=[_span(at(9, 29, 1), LAST)]),
)

DOWN: Final = (range(at(10, 18, 2, 10), at(10, 18, 5, 40)), range(at(10, 28), at(10, 30)))
"""Prometheus itself is down: for a few hours, and for two days."""

Labels = tuple[tuple[str, str], ...]


@cache
def hours() -> Mapping[Labels, Mapping[int, Figures]]:
    """Labels of each number → its figures by the unix time at which an hour ends: the history begins at a full one."""
    return {
        _labels(number): {FIRST + end: hour for end, hour in account(minutes(number, LAST - FIRST)).items()}
        for number in NUMBERS
    }


def _labels(number: Number) -> Labels:
    return ("job", "zapi"), ("name", number.name), *number.labels.items()


def is_recorded(end: int) -> bool:
    """Whether Prometheus was there to record the hour that ends then."""
    return not any(end in times for times in DOWN)


def put_in(number: Number) -> Figures:
    """What the month gives of a number, but for the hours in which Prometheus was down."""
    return total(
        {end: hour for end, hour in hours()[_labels(number)].items() if is_recorded(end)}, START, END
    )


def unrecorded(number: Number) -> int:
    """Seconds of the month in which the number was listed and Prometheus was down."""
    lost = (end for end in range(START + HOUR, END + 1, HOUR) if not is_recorded(end))
    return sum(HOUR for end in lost if end - FIRST - MINUTE in number.listed)
