"""``python -m bench``: measure, keep the results, and write docs/benchmarks.md with its pictures.

``--only=NAME`` measures one part anew and keeps the others, ``--trouble=NAME`` of the part ``rules`` only this;
``--report`` measures nothing.
"""

import argparse
import gc
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import (
    chain,
    crowd,
    machine,
    page,
    pictures,
    polls,
    probers,
    report,
    results,
    rules,
    scaling,
    schedule,
    scrapes,
    sizes,
    start,
)
from bench import server as prometheus_server
from bench.results import Results
from bench.rule_troubles import TROUBLES
from bench.upstream import Upstream, upstream
from harness import real_parts

ROUNDS: Final = 5
POLL_ROUNDS: Final = 9
"""More, as their turns are the most easily disturbed."""
SECONDS: Final = 5.0
SCRAPED: Final = (100, 1_000, 3_000, 10_000)

PACKAGES: Final = {
    "nginx": "nginx-light",
    "prometheus": "prometheus",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "chromium": "chromium",
}
"""Command → the Debian package that brings it."""

Step = Callable[[], None]
Part = Callable[[Results, Path, Upstream, Step], Results]


def main(arguments: list[str]) -> int:
    """Measure what is asked for; the exit status is 0."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    everything = _parts(list(TROUBLES))
    parser.add_argument("--only", choices=everything, action="append", help="repeatable")
    parser.add_argument("--trouble", choices=TROUBLES, action="append", help="repeatable")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args(arguments)
    if not options.report:
        real_parts.install([PACKAGES[command] for command in real_parts.missing(PACKAGES)])
        parts = _parts(options.trouble) if options.trouble else everything
        _measure(options.only or list(parts), parts)
    measured = results.load()
    report.write(measured)
    scaling.write(measured)
    pictures.draw(measured)
    return 0


def _measure(names: list[str], parts: Mapping[str, tuple[Part, int]]) -> None:
    measured = results.load() if results.FILE.exists() else Results(machine.describe())
    described = machine.describe()
    if names != list(parts):  # what stays was measured beside as much work as it was
        described = replace(described, load=max(described.load, measured.machine.load))
    measured = replace(measured, machine=described, missing=_missing())
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(upstream(directory))
        bars = stack.enter_context(Progress(*columns))
        for name in names:
            part, steps = parts[name]
            bar = bars.add_task(name, total=steps)
            measured = part(measured, directory, server, lambda bar=bar: bars.advance(bar))  # type: ignore[misc]
            results.save(measured)
            gc.collect()


def _missing() -> Mapping[str, str]:
    missing = {
        peer: f"not measured: {peer} is not on the PATH"
        for peer in probers.COMMANDS
        if probers.command(peer) is None
    }
    if shutil.which("chromium") is None:
        missing["Chromium"] = "not measured: chromium is not on the PATH"
    return missing


def _polls(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    return replace(measured, polls=polls.measure(directory, server, POLL_ROUNDS, SECONDS, step))


def _scrapes(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    return replace(measured, scrapes=tuple(scrapes.measure(count, ROUNDS, step) for count in SCRAPED))


def _crowd(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    measured = replace(measured, crowd=crowd.measure(directory, server, 2 * SECONDS))
    step()
    return measured


def _sizes(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    return replace(
        measured,
        sizes=tuple(sizes.measure(directory, server, count, ROUNDS, SECONDS, step) for count in sizes.COUNTS),
    )


def _schedule(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    measured = replace(measured, schedule=schedule.measure(directory, server, 2))
    step()
    return measured


def _start(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    return replace(measured, start=start.measure(directory, server, ROUNDS, step))


def _page(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    if shutil.which("chromium") is None:
        return measured
    return replace(measured, page=page.measure(directory, server, ROUNDS, step))


def _chain(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    figures = {}
    for way in chain.ways():
        figures[way] = chain.measure(directory, server, way, 1)
        step()
    return replace(measured, chain=figures)


def _server(measured: Results, directory: Path, server: Upstream, step: Step) -> Results:
    measured = replace(measured, server=prometheus_server.measure(directory, server, 60))
    step()
    return measured


def _rules(
    troubles: Sequence[str], measured: Results, directory: Path, server: Upstream, step: Step
) -> Results:
    for name in troubles:
        cost = rules.measure(directory / "rules", TROUBLES[name])
        measured = replace(measured, rules={**measured.rules, name: cost})
        results.save(measured)
        step()
    return measured


def _parts(troubles: Sequence[str]) -> Mapping[str, tuple[Part, int]]:
    """Name → what measures it, and in how many steps; ``troubles`` are those of the part ``rules``."""
    return {
        "polls": (_polls, POLL_ROUNDS),
        "scrapes": (_scrapes, ROUNDS * len(SCRAPED)),
        "crowd": (_crowd, 1),
        "sizes": (_sizes, ROUNDS * len(sizes.COUNTS)),
        "start": (_start, ROUNDS),
        "page": (_page, ROUNDS),
        "schedule": (_schedule, 1),
        "chain": (_chain, len(chain.ways())),
        "server": (_server, 1),
        "rules": (partial(_rules, troubles), len(troubles)),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
