"""Everything at once, for as long as you like: all faults, heavy replies, reloads and scrapes, with memory watched.

Run by ``make soak``; the suite runs it for half a minute. The exporter is the installed command, the simulated Z-API
runs in this process. Every reload gives each faulty instance a new token, so that all of them are polled again at
once instead of being left alone for longer and longer.
"""

import argparse
import gzip
import itertools
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from exporter.config.validators import format_duration, parse_duration
from exporter.demo.faults import Exchange, Fault, message
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.secret import Secret
from exporter.model.settings import Polling
from harness.processes import Exporter, exporter
from simulator.faults import every_fault
from simulator.fleet import healthy_fleet
from tests.system.upstream import Upstream, upstream

MEBIBYTE: Final = 1024 * 1024
MAX_RESIDENT: Final = 150 * MEBIBYTE

_HEALTHY: Final = 50
_HEAVY_EACH: Final = 8
_POLLING: Final = Polling(interval=1.0, concurrency=32, stale_after=5.0)
_TIMEOUT: Final = 1.0
_ROUND: Final = 5.0
"""Seconds between reloads."""
_LOOK: Final = 0.25
"""Seconds between measurements."""
_OPENMETRICS: Final = {"Accept": "application/openmetrics-text;version=1.0.0"}


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process takes of its machine. ``resident`` and ``peak`` are bytes."""

    resident: int
    peak: int
    threads: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> "Footprint":
        status = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        )
        return cls(
            resident=int(status["VmRSS"].split()[0]) * 1024,
            peak=int(status["VmHWM"].split()[0]) * 1024,
            threads=int(status["Threads"]),
            descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        )

    def __str__(self) -> str:
        return (
            f"resident {self.resident / MEBIBYTE:.1f} MiB (peak {self.peak / MEBIBYTE:.1f}),"
            f" {self.threads} threads, {self.descriptors} descriptors"
        )


def complaints(seen: Sequence[Footprint]) -> list[str]:
    """What is not as it should be: too much taken, or more at the end than in the middle.

    ``seen`` are at regular intervals; the first third is for warming up; the allocator goes on settling for minutes.
    """
    third = len(seen) // 3
    middle, end = seen[third : 2 * third], seen[2 * third :]
    found = []
    peak = end[-1].peak
    if peak >= MAX_RESIDENT:
        found.append(f"the peak of resident memory was {peak / MEBIBYTE:.1f} MiB")
    was, now = (statistics.median(one.resident for one in part) for part in (middle, end))
    if now > was * 1.1 + 4 * MEBIBYTE:
        found.append(f"resident memory grew from {was / MEBIBYTE:.1f} to {now / MEBIBYTE:.1f} MiB")
    for what, count in _COUNTS.items():
        most_before, most = (max(map(count, part)) for part in (middle, end))
        if most > most_before + most_before // 10 + 1:
            found.append(f"{what} grew from {most_before} to {most}")
    return found


_COUNTS: Final[dict[str, Callable[[Footprint], int]]] = {
    "threads": lambda one: one.threads,
    "descriptors": lambda one: one.descriptors,
}


ROOM: Final = 1024 * 1024 - 8192
"""Bytes that a reply may hold beside its usual fields."""

_WIDE: Final = "\N{PARTY POPPER}"  # one such character makes all others of its text take four bytes


def heavy_replies() -> tuple[Fault, ...]:
    """Replies that are right, or nearly, and as costly to take as the size limit lets them be."""
    return (
        _with("a field of wide text", "something", json.dumps(_WIDE + "x" * ROOM)),
        _with("a name of wide text", "name", json.dumps(_WIDE + "x" * ROOM)),
        _with("a status of wide text", "paymentStatus", json.dumps(_WIDE + "x" * ROOM)),
        _with("a field of escapes", "something", '"' + "\\ud83c\\udf89" * (ROOM // 12) + '"'),
        _with("empty objects", "something", "[" + "{}," * (ROOM // 3) + "0]"),
        _with("small objects", "something", "[" + '{"":0},' * (ROOM // 7) + "0]"),
        _with("numbers", "something", "[" + "1.5," * (ROOM // 4) + "0]"),
        _with("a number of many digits", "something", "9" * 4000),
        _with("spaces", "something", " " * ROOM + "0"),
        _webhooks("endless webhooks", ROOM // len(WEBHOOK_FIELDS)),
        _webhooks("webhooks of the longest URL", 2048),
        _gzipped("gzip of the largest body"),
    )


def _with(name: str, field: str, literal: str) -> Fault:
    """The healthy reply with one more field, given as JSON text."""

    def change(body: bytes) -> bytes:
        fields = {key: value for key, value in json.loads(body).items() if key != field}
        return json.dumps(fields)[:-1].encode() + f", {json.dumps(field)}: {literal}}}".encode()

    return _body(name, change)


def _webhooks(name: str, length: int) -> Fault:
    def change(body: bytes) -> bytes:
        urls = {field: f"https://{field}/".ljust(length, "x") for field in WEBHOOK_FIELDS.values()}
        return json.dumps(json.loads(body) | urls).encode()

    return _body(name, change)


def _gzipped(name: str) -> Fault:
    def play(exchange: Exchange) -> bytes:
        body = exchange.body[:-1] + b" " * ROOM + b"}"
        return message(200, gzip.compress(body, 1, mtime=0), headers=(("Content-Encoding", "gzip"),))

    return Fault(name, lambda exchange: iter((play(exchange),)))


def _body(name: str, change: Callable[[bytes], bytes]) -> Fault:
    return Fault(name, lambda exchange: iter((message(200, change(exchange.body)),)))


class Soak:
    """The exporter among all faults."""

    def __init__(self, served: Upstream, running: Exporter, healthy: int) -> None:
        self._served = served
        self._running = running
        self._healthy = healthy
        self._rounds = itertools.count(1)
        self._scrapes = itertools.cycle(self._requests())
        self.seen: list[Footprint] = []

    def go_on(self, seconds: float) -> None:
        """Reload, then scrape and measure for this long."""
        self._renew()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._running.process.poll() is not None:
                raise SystemExit(f"the exporter ended with status {self._running.process.returncode}")
            self._scrape(*next(self._scrapes))
            self.seen.append(Footprint.of(self._running.process.pid))
            time.sleep(_LOOK)

    @property
    def polls(self) -> int:
        return sum(self._served.zapi.requests.values())

    def _renew(self) -> None:
        config, number = self._served.config, next(self._rounds)
        instances = (
            instance if index < self._healthy else replace(instance, token=Secret(f"FACADE{number:026d}"))
            for index, instance in enumerate(config.instances)
        )
        self._served.write(replace(config, instances=tuple(instances)))
        self._running.process.send_signal(signal.SIGHUP)

    def _requests(self) -> list[tuple[str, dict[str, str]]]:
        names = [instance.name for instance in self._served.config.instances]
        probed = urllib.parse.urlencode({"name": random.Random(1).choice(names)})
        return [
            ("/metrics", {}),
            ("/metrics", {"Accept-Encoding": "gzip"}),
            ("/metrics", _OPENMETRICS),
            ("/", {}),
            ("/sd", {}),
            (f"/probe?{probed}", {}),
        ]

    def _scrape(self, target: str, headers: dict[str, str]) -> None:
        request = urllib.request.Request(self._running.url + target, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()


@contextmanager
def soaking(directory: Path) -> Iterator[Soak]:
    """Everything started: one instance for each fault, some for each heavy reply, and some healthy ones."""
    faults = [*every_fault(drip_interval=0.05).values(), *heavy_replies() * _HEAVY_EACH]
    members = healthy_fleet(_HEALTHY + len(faults), time.time())
    with upstream(directory, members, _POLLING, timeout=_TIMEOUT) as served:
        for member, fault in zip(members[_HEALTHY:], faults, strict=True):
            served.zapi.set_fault(member.simulated.id, fault)
        with exporter(directory, f"--config.file={served.file}", "--log.level=debug", ready=False) as running:
            yield Soak(served, running, _HEALTHY)


def main() -> int:
    """Soak for the time that is asked for; 0 if everything stayed flat, else 1."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument(
        "--duration", type=parse_duration, default=600.0, help="such as 10m or 8h (default 10m)"
    )
    duration = parser.parse_args().duration
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory, soaking(Path(directory)) as soak:
        while (passed := time.monotonic() - begun) < duration:
            soak.go_on(min(_ROUND, duration - passed))
            print(f"{format_duration(round(passed))}: {soak.seen[-1]}, {soak.polls} polls", flush=True)
        found = complaints(soak.seen)
    print("\n".join(found) or "flat")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
