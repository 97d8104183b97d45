"""Months and days of a time zone, at the changes of its clock, and the zone of the environment."""

import datetime as dt
from pathlib import Path

import pytest

from exporter.report.period import HOUR, BadPeriod, Month, time_zone, zone_of_environment

LATE = 4_000_000_000.0


@pytest.mark.parametrize(
    ("month", "zone", "hours", "odd"),
    [
        ("2018-11", "America/Sao_Paulo", 719, {"2018-11-04": 23}),  # midnight did not exist
        ("2018-02", "America/Sao_Paulo", 673, {"2018-02-17": 25}),
        ("2025-11", "America/New_York", 721, {"2025-11-02": 25}),
        ("2025-03", "America/New_York", 743, {"2025-03-09": 23}),
        ("2026-04", "Australia/Lord_Howe", 721, {"2026-04-05": 25}),  # half an hour
        ("2026-10", "Asia/Kolkata", 744, {}),
        ("2024-02", "UTC", 696, {}),
        ("2000-02", "UTC", 696, {}),
        ("2026-02", "UTC", 672, {}),
        ("2011-12", "Pacific/Apia", 720, {}),  # a day that did not exist
    ],
)
def test_a_month_has_the_hours_of_its_calendar(
    month: str, zone: str, hours: int, odd: dict[str, int]
) -> None:
    parsed = Month.parse(month, time_zone(zone))
    days = parsed.days(LATE)
    assert parsed.end == days[-1].end
    assert parsed.has_aligned_hours() is (zone not in ("Australia/Lord_Howe", "Asia/Kolkata"))
    assert sum(day.end - day.start for day in days) == hours * HOUR
    assert all(day.start < day.end for day in days)
    assert [day.start for day in days[1:]] == [day.end for day in days[:-1]]
    assert {
        str(day.date): (day.end - day.start) // HOUR for day in days if day.end - day.start != 24 * HOUR
    } == odd


def test_a_month_in_progress_ends_with_the_last_full_hour() -> None:
    now = dt.datetime(2026, 11, 3, 8, 40, tzinfo=dt.timezone.utc).timestamp()
    days = Month.parse("2026-11", time_zone("America/Sao_Paulo")).days(now)
    assert [(day.end - day.start) // HOUR for day in days] == [24, 24, 5]


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        (None, "UTC"),
        ("", "UTC"),
        (":", "UTC"),
        (":America/Sao_Paulo", "America/Sao_Paulo"),
        ("BRT3", "BRT3"),
        (":{folder}/localtime", "America/Sao_Paulo"),
        ("{folder}/zoneinfo/America/Sao_Paulo", "America/Sao_Paulo"),
    ],
)
def test_the_environment_names_a_zone_or_its_file(tmp_path: Path, text: str | None, zone: str) -> None:
    (tmp_path / "zoneinfo/America").mkdir(parents=True)
    (tmp_path / "zoneinfo/America/Sao_Paulo").touch()
    (tmp_path / "localtime").symlink_to("zoneinfo/America/Sao_Paulo")
    environ = {} if text is None else {"TZ": text.format(folder=tmp_path)}
    assert zone_of_environment(environ) == zone


@pytest.mark.parametrize(
    "name", ["", "BRT3", "../etc/passwd", "/etc/localtime", "Europe", "zone.tab", "america/sao_paulo"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(BadPeriod, match="expected a name such as America/Sao_Paulo"):
        time_zone(name)
