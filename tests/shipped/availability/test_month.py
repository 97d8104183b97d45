"""A made-up month in a real Prometheus: the report and its table give the figures that were put in."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from exporter.report.command import main
from exporter.report.figures import LATEST, Share
from exporter.report.page import LANGUAGES, UNKNOWN, duration, read_language
from exporter.report.prometheus import Prometheus as Client
from exporter.report.prometheus import Sample
from harness.processes import Prometheus, prometheus
from tests.shipped.availability.history import HOUR, Figures
from tests.shipped.availability.month import END, NUMBERS, START, at, hours, is_recorded, put_in, unrecorded
from tests.shipped.availability.recorded import SERIES, openmetrics, rows_of, write_blocks
from tests.shipped.grafana.dashboards import ENGLISH, interpolate, load, panels


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("month")
    write_blocks(openmetrics(), directory).rename(directory / "prometheus-data")
    with prometheus(directory, "", "--storage.tsdb.retention.time=100y") as started:
        yield started


def _write(url: str, place: Path) -> Path:
    status = main(
        [
            f"--prometheus.url={url}",
            "--month=2026-10",
            "--group-by=team",
            "--time-zone=America/Sao_Paulo",
            f"--output.html={place / 'report.html'}",
            f"--output.csv={place / 'report.csv'}",
        ]
    )
    assert status == 0
    return place


@pytest.fixture
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "query", _answer)
        return _write("http://localhost", tmp_path_factory.mktemp("report"))


def _answer(client: Client, expression: str, at: float) -> list[Sample]:
    """What a Prometheus answers that has recorded the history."""
    asked = re.fullmatch(r"(\w+)_over_time\((.+)\[(\d+)s\]\)", expression)
    assert asked is not None
    ends = range(int(at) - LATEST - int(asked[3]) + HOUR, int(at) - LATEST + 1, HOUR)
    recorded = [end for end in ends if is_recorded(end)]
    if asked[1] == "count":
        return [Sample({}, len(recorded))]
    (figure,) = (figure for figure, series in SERIES.items() if series == asked[2])
    found = {
        labels: [getattr(of[end], figure) for end in recorded if end in of] for labels, of in hours().items()
    }
    return [
        Sample(dict(labels), {"sum": sum(values), "max": max(values)}[asked[1]])
        for labels, values in found.items()
        if values
    ]


@pytest.mark.needs("promtool", "prometheus")
def test_a_real_prometheus_gives_the_same_report(real: Prometheus, written: Path, tmp_path: Path) -> None:
    _write(real.url, tmp_path)
    assert (tmp_path / "report.csv").read_text() == (written / "report.csv").read_text()


def test_each_number_has_the_figures_that_were_put_in(written: Path) -> None:
    rows = rows_of(written, "number")
    order = [(float(row["availability"] or -1), row["group"], name) for name, row in rows.items()]
    assert order == sorted(order), "the worst comes first"
    for number in NUMBERS:
        figures, watched = put_in(number), put_in(number).watched + unrecorded(number)
        seconds = figures.reconnects and round(figures.reconnecting / figures.reconnects)
        expected = {
            "numbers": "1",
            "availability": f"{figures.connected / figures.known:.6f}" if figures.known else "",
            "known_share": f"{figures.known / watched:.6f}",
            "known_seconds": str(figures.known),
            "connected_seconds": str(figures.connected),
            "watched_seconds": str(watched),
            "blind_seconds": str(watched - figures.known),
            "disconnects": str(figures.disconnects),
            "longest_outage_seconds": str(figures.longest),
            "mean_time_to_reconnect_seconds": str(seconds or ""),
        }
        assert {column: rows[number.name][column] for column in expected} == expected, number.name


def test_time_before_the_rules_were_loaded_is_not_watched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Client, "query", _answer)
    monkeypatch.setattr(f"{__name__}.is_recorded", lambda end: end > at(10, 5, 12))
    row = rows_of(_write("http://localhost", tmp_path), "number")["vendas"]
    assert int(row["watched_seconds"]) == END - at(10, 5, 12)


def test_shares_are_never_rounded_up_and_durations_have_two_units() -> None:
    english, portuguese = map(read_language, LANGUAGES)
    shares = [UNKNOWN, "100.00 %", "99.99 %", "0.29 %"]
    assert list(map(english.percent, (None, 1, 0.99999, 0.0029))) == shares
    assert portuguese.percent(0.99999) == "99,99 %"
    lengths = [UNKNOWN, "0 min", "1 min", "59 min", "1 h 0 min", "23 h 59 min", "1 d 0 h", "3 d 2 h"]
    assert list(map(duration, (None, 29, 31, 3569, 3571, 86_369, 86_371, 266_400))) == lengths


@pytest.mark.parametrize(
    ("share", "parts"),
    [(Share(), (0, 0, 0)), (Share(200, 100, 75), (37.5, 12.5, 50)), (Share(100, 200, 100), (50, 50, 0))],
)
def test_a_day_is_drawn_in_the_parts_of_its_time(share: Share, parts: tuple[float, float, float]) -> None:
    assert tuple(share.parts().values()) == parts


def test_the_page_has_the_figures_of_the_table(written: Path) -> None:
    page = (written / "report.html").read_text(encoding="utf-8")
    for row in (*rows_of(written, "number").values(), *rows_of(written, "group").values()):
        for texts in map(read_language, LANGUAGES):
            shown = texts.percent(float(row["availability"]) if row["availability"] else None)
            assert f'<span lang="{texts.tag}">{shown}</span>' in page
        if int(row["longest_outage_seconds"]):
            assert f">{duration(int(row['longest_outage_seconds']))}<" in page


def test_a_group_is_the_sum_of_its_numbers(written: Path) -> None:
    everything, groups = rows_of(written, "all")[""], rows_of(written, "group")
    assert groups.keys() == {"sales", "support", ""}
    for group, row in (("all", everything), *groups.items()):
        members = [number for number in NUMBERS if group in ("all", number.labels.get("team", ""))]
        figures = Figures()
        for number in members:
            figures.add(put_in(number))
        assert int(row["numbers"]) == len(members)
        assert int(row["known_seconds"]) == figures.known
        assert int(row["connected_seconds"]) == figures.connected
        assert int(row["disconnects"]) == figures.disconnects
        assert int(row["longest_outage_seconds"]) == figures.longest
        mean = figures.reconnects and round(figures.reconnecting / figures.reconnects)
        assert row["mean_time_to_reconnect_seconds"] == str(mean or "")
        assert int(row["blind_seconds"]) == figures.watched + sum(map(unrecorded, members)) - figures.known


def test_the_page_needs_no_network_and_no_script(written: Path) -> None:
    page = (written / "report.html").read_text(encoding="utf-8")
    assert "://" not in page
    assert "<script" not in page
    assert "693 of 744 hours" in page
    assert "693 de 744 horas" in page
    assert "The month is not over" not in page
    assert "October 2026" in page
    assert "outubro de 2026" in page


COLUMNS: Final = {
    "A": "availability",
    "C": "disconnects",
    "D": "longest_outage_seconds",
    "E": "mean_time_to_reconnect_seconds",
}
"""Query of the dashboard's tables → column of the CSV."""


def _asked(real: Prometheus, title: str, key: str) -> dict[str, dict[str, float]]:
    """What each query of a panel gives for the month: by number or group, by column."""
    (board,) = (load(file) for file in ENGLISH if file.stem == "zapi-availability")
    (panel,) = (panel for panel in panels(board) if panel.title == title)
    variables = {"job": ".+", "label": "team", "value": ".*", "rows": "100", "__range": f"{END - START}s"}
    found: dict[str, dict[str, float]] = {}
    for target in panel.body["targets"]:
        if target["refId"] in COLUMNS:
            query = interpolate(target["expr"], variables)
            for sample in Client(real.url).query(query, END):
                found.setdefault(sample.labels.get(key, ""), {})[COLUMNS[target["refId"]]] = sample.value
    return found


@pytest.mark.needs("promtool", "prometheus")
@pytest.mark.parametrize(
    ("title", "kind", "key"),
    [("The $rows least available numbers", "number", "name"), ("Availability by $label", "group", "group")],
)
def test_the_dashboard_has_the_figures_of_the_table(
    real: Prometheus, written: Path, title: str, kind: str, key: str
) -> None:
    shown = _asked(real, title, key)
    listed = rows_of(written, kind)
    assert shown.keys() == listed.keys()
    for name, row in listed.items():
        for column in COLUMNS.values():
            value = shown[name].get(column)
            if column == "availability":
                expected = float(row[column]) if row[column] else -1
                assert value is not None
                assert value == pytest.approx(expected, abs=0.0001)
                assert value <= expected
            elif row[column] in ("", "0"):
                assert not value
            else:
                assert value == pytest.approx(int(row[column]), abs=0.5)
