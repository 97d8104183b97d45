"""The command line of ``zapi-report``."""

import argparse
import contextlib
import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from exporter import __version__
from exporter.config.certificates import read_certificates
from exporter.config.files import TrackedFiles, UnreadableFile
from exporter.process.output import Progress, complain, stand_in_for_closed_stderr, write_error
from exporter.report.csv_file import csv_of
from exporter.report.figures import LATEST, Report, collect, steps
from exporter.report.page import LANGUAGES, write_page
from exporter.report.period import BadPeriod, Day, Month, time_zone, zone_of_environment
from exporter.report.prometheus import CannotAsk, Prometheus, Sample

OK: Final = 0
FAILED: Final = 1
_MAX_AUTHORITIES: Final = 8 * 1024 * 1024
_UNFINISHED: Final = 25 * 60
"""Seconds after an hour until its figures are surely recorded."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report; 1 if there is none to write, with the reason on standard error; 2 for wrong usage."""
    stand_in_for_closed_stderr()
    options = _parser().parse_args(arguments)
    try:
        return _report(options, time.time())
    except (BadPeriod, CannotAsk, CannotWrite) as error:
        complain(f"zapi-report: {error}")
    except KeyboardInterrupt:
        complain("zapi-report: interrupted")
    return FAILED


class CannotWrite(Exception):
    """Says which file could not be written, and why."""


def _report(options: argparse.Namespace, now: float) -> int:
    month = Month.parse(options.month, time_zone(options.time_zone))
    days = month.days(now - _UNFINISHED)
    if not days:
        raise BadPeriod(f"--month: expected a month that has begun, found {options.month}")
    stem = f"zapi-report-{options.month}"
    html, table = options.html or Path(f"{stem}.html"), options.csv or Path(f"{stem}.csv")
    if _place(html) == _place(table):
        raise CannotWrite(f"expected two files to write, found {html} for both the page and the CSV")
    _check_place(html)
    _check_place(table)
    report = _collect(_prometheus(options), days, options.group_by)
    _write(html, write_page(report, month, options.group_by, options.language, now))
    _write(table, csv_of(report))
    complain(f"zapi-report: wrote {html} and {table}")
    return _said(report, options.group_by)


@contextlib.contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Raise :class:`CannotWrite` for an error of the system with this file."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"{file} could not be written: {error.strerror}") from None


def _place(file: Path) -> Path:
    with _writing(file):  # the current folder may have been removed
        return file.resolve()


def _check_place(file: Path) -> None:
    """Raise :class:`CannotWrite` for a file that surely cannot be written: the queries may take minutes."""
    with _writing(file):
        number = _obstacle(file)
        if number:
            raise OSError(number, os.strerror(number))


def _obstacle(file: Path) -> int:
    """Return the error number of what keeps a file from being written, or 0. Raise :class:`OSError`."""
    if file.is_dir():
        return errno.EISDIR
    if not file.exists():
        if not stat.S_ISDIR(file.parent.stat().st_mode):
            return errno.ENOTDIR
        file = file.parent
    return 0 if os.access(file, os.W_OK) else errno.EACCES


def _write(file: Path, content: bytes) -> None:
    with _writing(file):
        file.write_bytes(content)


def _said(report: Report, group_by: str) -> int:
    """Print the warnings of the page on the terminal, too."""
    if not report.numbers:
        complain(
            "zapi-report: Prometheus has no figures of this month; are the rules of availability.yaml loaded, and does "
            "it keep data for that long?"
        )
        return FAILED
    if not any(row.group for row in report.numbers):
        complain(f"zapi-report: no number has the label {group_by}: all are in one group; see --group-by")
    for warning in report.warnings:
        complain(f"zapi-report: Prometheus returned a warning, and figures may be missing: {warning}")
    if report.recorded < report.hours:
        complain(f"zapi-report: Prometheus recorded {report.recorded} of {report.hours} hours")
    return OK


def _collect(prometheus: Prometheus, days: Sequence[Day], group_by: str) -> Report:
    done = 0
    with Progress(sys.stderr, "queries", write_error) as progress:

        def ask(query: str, start: int, end: int) -> list[Sample]:
            nonlocal done
            samples = prometheus.query(query.format(span=end - start), end + LATEST)
            done += 1
            progress.show(done, steps(days))
            return samples

        return replace(collect(ask, days, group_by), warnings=tuple(prometheus.warnings))


def _prometheus(options: argparse.Namespace) -> Prometheus:
    password = ""
    if options.password_file:
        password = _read_password(options.password_file, "--prometheus.password-file")
    if bool(options.username) != bool(options.password_file):
        raise CannotAsk("expected both --prometheus.username and --prometheus.password-file, found one")
    if ":" in options.username:
        raise CannotAsk(
            "--prometheus.username: expected a name without a colon, which basic authentication does not support"
        )
    prometheus = Prometheus(
        options.url, username=options.username, password=password, ca_file=options.ca_file
    )
    if options.ca_file:
        _check_authorities(options.ca_file)
    return prometheus


def _read_password(file: Path, flag: str) -> str:
    """Return the text of a file, without line breaks at its end. Raise :class:`CannotAsk`."""
    try:
        return TrackedFiles(Path()).secret(file)
    except UnreadableFile as error:
        raise CannotAsk(f"{flag}: {file} {error}") from None


def _check_authorities(file: Path) -> None:
    try:
        read_certificates(TrackedFiles(Path()).read(file, _MAX_AUTHORITIES))
    except UnreadableFile as error:
        raise CannotAsk(f"--prometheus.ca-file: {file} {error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zapi-report",
        description="Write the availability of a month as one HTML page and a CSV, from the hourly series that "
        "the rules of availability.yaml record in Prometheus.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"zapi-report {__version__}")
    add = parser.add_argument
    add("--prometheus.url", dest="url", required=True, metavar="URL", help="such as http://localhost:9090")
    add("--prometheus.username", dest="username", default="", metavar="NAME", help="for basic authentication")
    add(
        "--prometheus.password-file",
        dest="password_file",
        type=Path,
        metavar="FILE",
        help="holds the password",
    )
    add("--prometheus.ca-file", dest="ca_file", type=Path, metavar="FILE", help="certificates to trust, PEM")
    add("--month", required=True, metavar="YYYY-MM", help="the month to report, such as 2026-10")
    add(
        "--group-by",
        type=_label,
        default="team",
        metavar="LABEL",
        help="a label of the numbers (default team)",
    )
    add(
        "--time-zone",
        default=zone_of_environment(os.environ),
        metavar="ZONE",
        help="where days begin, such as America/Sao_Paulo (default: TZ of the environment, or UTC)",
    )
    add(
        "--language",
        choices=sorted(LANGUAGES),
        default="en",
        help="the one the page shows first (default en)",
    )
    add("--output.html", dest="html", type=Path, metavar="FILE", help="default zapi-report-YYYY-MM.html")
    add("--output.csv", dest="csv", type=Path, metavar="FILE", help="default zapi-report-YYYY-MM.csv")
    return parser


def _label(text: str) -> str:
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", text):
        raise argparse.ArgumentTypeError("expected the name of a label, such as team")
    return text
