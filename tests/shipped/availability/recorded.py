"""What is recorded of a made-up history: the hourly series in a real Prometheus, and the table of a report."""

import csv
import io
import subprocess
from pathlib import Path
from typing import Final

from tests.shipped.availability.history import HOUR
from tests.shipped.availability.month import FIRST, LAST, hours, is_recorded

SERIES: Final = {
    "watched": "name:zapi_instance_watched_seconds:sum1h",
    "known": "name:zapi_instance_known_seconds:sum1h",
    "connected": "name:zapi_instance_connected_seconds:sum1h",
    "disconnects": "name:zapi_instance_disconnects:sum1h",
    "reconnects": "name:zapi_instance_reconnects:sum1h",
    "reconnecting": "name:zapi_instance_reconnect_seconds:sum1h",
    "longest": "name:zapi_instance_outage_seconds:max1h",
}
"""Figure → the series that holds it for an hour."""

SPARSE: Final = {"reconnecting", "longest"}
"""Figures that the rules record only where there is something to record."""

LATE: Final = (120, 500, 1310, HOUR + 100)
"""How long after an hour its sample may be written, at the extremes too."""


def openmetrics() -> str:
    """The text of the series."""
    recorded = [end for end in range(FIRST + HOUR, LAST + 1, HOUR) if is_recorded(end)]
    lines = ["# TYPE zapi:availability_hour:last gauge"]
    lines += [f"zapi:availability_hour:last {end} {_written(end)}" for end in recorded]
    for figure, metric in SERIES.items():
        lines.append(f"# TYPE {metric} gauge")
        for labels, account in hours().items():
            selector = ",".join(f'{name}="{value}"' for name, value in labels)
            for end in recorded:
                value = getattr(account[end], figure) if end in account else None
                if value is not None and (value or figure not in SPARSE):
                    lines.append(f"{metric}{{{selector}}} {value} {_written(end)}")
    return "\n".join([*lines, "# EOF", ""])


def write_blocks(text: str, directory: Path) -> Path:
    """Blocks of Prometheus with these series."""
    file = directory / "history.om"
    file.write_text(text, encoding="utf-8")
    data = directory / "data"
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=1000h", file, data],
        check=True,
        capture_output=True,
    )
    return data


def rows_of(place: Path, kind: str) -> dict[str, dict[str, str]]:
    """The rows of a kind in the table, by the name of the number or group."""
    text = io.StringIO((place / "report.csv").read_bytes().decode("utf-8-sig"), newline="")
    key = "name" if kind == "number" else "group"
    return {row[key]: row for row in csv.DictReader(text) if row["rows"] == kind}


def _written(end: int) -> int:
    return end + LATE[end // HOUR % len(LATE)]
