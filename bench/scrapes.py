"""What one scrape costs: ours beside the stock library on the same data, and beside a copy of the bytes.

All in this thread, whose CPU time is measured. Before each of our scrapes every instance is polled once more, so that
all that moves between polls has moved.
"""

import gzip
import time
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import Metric
from prometheus_client.exposition import generate_latest as generate_text
from prometheus_client.openmetrics import exposition as openmetrics_format
from prometheus_client.registry import Collector

from bench.instances import config, readings, record
from bench.results import Scrapes
from bench.spread import Spread
from exporter.fleet.store import Fleet
from exporter.metrics.exposition import Exposition, Format, InstanceLines
from exporter.metrics.exposition import Scrapes as Product
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import SystemClock
from tests.unit.metrics.test_oracle import Oracle

IDENTITY: Final = "identity"
GZIP: Final = "gzip"
OPENMETRICS: Final = "OpenMetrics"

_STOCK_LEVEL: Final = 9
"""The gzip level of prometheus_client's own server."""
_STOCK_ROUNDS: Final = 3


class Rig:
    """A fleet of which everything is known, and what exposes it."""

    def __init__(self, count: int) -> None:
        clock = SystemClock()
        self.lines = InstanceLines()
        self._learned = readings(count)
        self._fleet = Fleet(config(count), clock, [self.lines])
        self.scrapes = Product(self._fleet, self.lines, Telemetry().registry, clock)
        self.poll()
        self._clock = clock

    def poll(self) -> None:
        record(self._fleet, self._learned)

    def families(self) -> Collector:
        """What stock prometheus_client would be given, made beforehand: only its own work is to be measured."""
        return _Made(list(Oracle(self._fleet, self._clock.time()).collect()))

    def instances_alone(self) -> Exposition:
        return self.lines.render(Format.TEXT, self._clock.time()).followed_by(b"")


class _Made(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def measure(count: int, rounds: int, step: Callable[[], None]) -> Scrapes:
    """Scrapes of ``count`` instances; ``step`` is called after each round."""
    rig = Rig(count)
    first_gzip = millis(lambda: rig.scrapes.render(Format.TEXT, gzip=True))
    ours: dict[str, list[float]] = {IDENTITY: [], GZIP: [], OPENMETRICS: []}
    stock: dict[str, list[float]] = {IDENTITY: [], GZIP: [], OPENMETRICS: []}
    families = rig.families()
    openmetrics: Callable[[Collector], bytes] = openmetrics_format.generate_latest
    for number in range(rounds):
        for kind, fmt in ((IDENTITY, Format.TEXT), (GZIP, Format.TEXT), (OPENMETRICS, Format.OPENMETRICS)):
            rig.poll()
            ours[kind].append(millis(lambda: rig.scrapes.render(fmt, gzip=kind == GZIP)))  # noqa: B023
        if number < _STOCK_ROUNDS:
            stock[IDENTITY].append(millis(lambda: generate_text(families)))
            stock[GZIP].append(millis(lambda: gzip.compress(generate_text(families), _STOCK_LEVEL)))
            stock[OPENMETRICS].append(millis(lambda: openmetrics(families)))
        step()
    text = rig.scrapes.render(Format.TEXT, gzip=False).whole()
    copies, of_copy, of_copy_fresh = _beside_copies(rig, rounds)
    return Scrapes(
        instances=count,
        bytes=len(text),
        series=text.count(b"\n") - text.count(b"\n#") - 1,
        ours={kind: Spread.of(values) for kind, values in ours.items()},
        stock={kind: Spread.of(values) for kind, values in stock.items()},
        of_stock={
            kind: Spread.of_ratios(values[: len(stock[kind])], stock[kind]) for kind, values in ours.items()
        },
        first_gzip=first_gzip,
        copy=copies,
        of_copy=of_copy,
        of_copy_fresh=of_copy_fresh,
    )


def _beside_copies(rig: Rig, rounds: int) -> tuple[Spread, Spread, Spread]:
    """What a copy costs, and our text as a multiple of it: into memory in use, and into fresh memory."""
    text = memoryview(rig.instances_alone().whole())
    in_use = memoryview(bytearray(text))
    ours: list[float] = []
    copies: list[float] = []
    for _ in range(rounds):
        rig.poll()
        ours.append(millis(rig.instances_alone))
        copies.append(millis(lambda: in_use.__setitem__(slice(None), text)))
    held: list[object] = []
    fresh = [_fresh_pair(rig, text, held) for _ in range(rounds)]
    return (
        Spread.of(copies),
        Spread.of_ratios(ours, copies),
        Spread.of_ratios(*zip(*fresh, strict=True)),
    )


def _fresh_pair(rig: Rig, text: memoryview, held: list[object]) -> tuple[float, float]:
    """Our text and a copy; as long as they are held, their memory is not used again."""
    rig.poll()
    ours = millis(lambda: held.append(rig.instances_alone()))
    return ours, millis(lambda: held.append(text.tobytes()))


def millis(work: Callable[[], object]) -> float:
    """CPU of this thread."""
    before = time.thread_time()
    work()
    return (time.thread_time() - before) * 1e3
