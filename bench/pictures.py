"""The pictures of ``docs/benchmarks.md``."""

from pathlib import Path
from typing import Any, Final

import matplotlib
from matplotlib.figure import Figure

from bench import polls, scrapes
from bench.results import Results
from bench.spread import Spread

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"

_OURS: Final = "#1f6f4a"
_THEIRS: Final = "#b0713a"
_PLAIN: Final = "#8a8f98"
_SETTINGS: Final[Any] = {
    "font.family": "sans-serif",
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "zapi-exporter",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(results: Results) -> None:
    """Write all that can be drawn of what was measured."""
    with matplotlib.rc_context(_SETTINGS):
        if results.polls:
            _save("bench-polls", _cost_of_a_poll(results.polls.micros))
        if results.scrapes:
            _save("bench-scrapes", _cost_of_a_scrape(results))
        if results.sizes:
            _save("bench-memory", _memory(results))
        if results.schedule:
            _save("bench-lateness", _lateness(results))


def _axes(title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    return figure, axes


def _save(name: str, figure: Figure) -> None:
    figure.savefig(IMAGES / f"{name}.svg", metadata={"Date": None, "Creator": None})


def _cost_of_a_poll(micros: Any) -> Figure:
    figure, axes = _axes("CPU of one poll over HTTPS, µs (median, lowest to highest)")
    names = sorted(micros, key=lambda name: -micros[name].median)
    spreads: list[Spread] = [micros[name] for name in names]
    bars = axes.barh(
        names,
        [spread.median for spread in spreads],
        color=[
            _OURS if name == polls.OURS else _PLAIN if name in (polls.BARE, polls.SOCKET) else _THEIRS
            for name in names
        ],
        xerr=[
            [spread.median - spread.low for spread in spreads],
            [spread.high - spread.median for spread in spreads],
        ],
    )
    axes.bar_label(bars, fmt="%.0f", padding=8)
    axes.margins(x=0.15)
    return figure


def _cost_of_a_scrape(results: Results) -> Figure:
    figure, axes = _axes("CPU of one scrape with gzip, ms")
    counts = [point.instances for point in results.scrapes]
    stock = [point.stock[scrapes.GZIP].median for point in results.scrapes]
    ours = [point.ours[scrapes.GZIP].median for point in results.scrapes]
    copies = [point.copy.median for point in results.scrapes]
    axes.plot(counts, stock, "o-", color=_THEIRS, label="prometheus_client")
    axes.plot(counts, ours, "o-", color=_OURS, label="zapi-exporter")
    axes.plot(counts, copies, "o--", color=_PLAIN, label="a copy of the bytes")
    axes.set(xscale="log", yscale="log", xlabel="instances")
    axes.legend(frameon=False)
    return figure


def _memory(results: Results) -> Figure:
    figure, axes = _axes("Resident memory, MiB")
    counts = [size.instances for size in results.sizes]
    axes.plot(counts, [size.resident for size in results.sizes], "o-", color=_OURS, label="after scrapes")
    axes.plot(
        counts, [size.resident_polled for size in results.sizes], "o--", color=_PLAIN, label="after polls"
    )
    axes.set(xlabel="instances", ylim=(0, None))
    axes.legend(frameon=False)
    return figure


def _lateness(results: Results) -> Figure:
    assert results.schedule is not None
    figure, axes = _axes("Polls that began at most so late, 10,000 a minute on one core")
    points = [
        (float(bound) * 1000, share * 100)
        for bound, share in results.schedule.lateness.items()
        if bound != "+Inf"
    ]
    axes.plot(*zip(*points, strict=True), "o-", color=_OURS)
    axes.axvline(250, color=_THEIRS, linestyle="--")
    axes.annotate(
        "goal for 99 %", (250, min(share for _, share in points)), xytext=(5, 0), textcoords="offset points"
    )
    axes.set(xscale="log", xlabel="ms", ylabel="%")
    return figure
