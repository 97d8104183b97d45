"""The rows of the report as CSV."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from exporter.report.figures import Figures, Report

COLUMNS: Final = (
    *("rows", "group", "job", "namespace", "name", "numbers", "availability", "known_share", "disconnects"),
    *("longest_outage_seconds", "mean_time_to_reconnect_seconds", "blind_seconds", "connected_seconds"),
    *("known_seconds", "watched_seconds"),
)
"""``rows`` says what a line is of: ``all``, ``group`` or ``number``."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_of(report: Report) -> bytes:
    """Return the table in UTF-8, with the byte order mark that spreadsheets need."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_lines(report))
    return text.getvalue().encode("utf-8-sig")


def _lines(report: Report) -> Iterator[list[str]]:
    yield _line("all", report.all)
    for row in report.groups:
        yield _line("group", row)
    for row in report.numbers:
        yield _line("number", row)


def _line(kind: str, row: Figures) -> list[str]:
    total = row.total
    return [
        kind,
        *map(_text, (row.group, row.job, row.namespace, row.name)),
        str(row.numbers),
        _ratio(total.availability),
        _ratio(total.known_share),
        str(row.disconnects),
        _seconds(row.longest),
        _seconds(row.time_to_reconnect),
        *map(_seconds, (total.blind, total.connected, total.known, total.span)),
    ]


def _text(value: str) -> str:
    """Quote a name that a spreadsheet would take for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _seconds(value: float | None) -> str:
    return "" if value is None else str(round(value))
