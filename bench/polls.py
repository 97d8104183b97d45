"""What one poll costs: ours as it runs, beside each peer at the same pace."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Final

from bench import probers
from bench.instances import instances, write_config
from bench.processes import cpu_seconds, one_core
from bench.results import Polls
from bench.samples import value_of
from bench.spread import Spread
from bench.upstream import Upstream
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Status
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from harness.processes import Exporter, exporter, get

OURS: Final = "zapi-exporter"
COLLECTING: Final = "zapi-exporter with both collectors"
"""A slot is three requests: `/me`, `/status` and `/queue/count` of an empty queue."""
BARE: Final = "bare urllib3 pool"
SOCKET: Final = "bare TLS socket"

RATE: Final = 200.0
"""Polls a second of each contender, while it is its turn."""
_INSTANCES: Final = 1000
_SETTLE: Final = 1.5
_COLD_POLLS: Final = 100
_THE_QUESTION: Final = 1
"""Asking for the number of connections takes one."""


def measure(
    directory: Path, upstream: Upstream, rounds: int, seconds: float, step: Callable[[], None]
) -> Polls:
    """Have the contenders take turns; ``step`` is called after each round."""
    with one_core(), _contenders(directory, upstream, seconds) as (ours, contenders):
        micros: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, turn in contenders.items():
                micros[name].append(turn())
            step()
        handshakes, polls = _handshakes(ours, upstream)
        cold = [_cold_millis(upstream) for _ in range(rounds)]
    return Polls(
        micros={name: Spread.of(values) for name, values in micros.items()},
        ratios={
            name: Spread.of_ratios(micros[OURS], values) for name, values in micros.items() if name != OURS
        },
        handshakes=handshakes,
        polls=polls,
        cold_millis=Spread.of(cold),
        versions={peer: probers.version(peer) for peer in probers.COMMANDS if peer in micros},
    )


@contextmanager
def _contenders(
    directory: Path, upstream: Upstream, seconds: float
) -> Iterator[tuple[Exporter, Mapping[str, Callable[[], float]]]]:
    """The running exporter, and for each contender what gives the CPU of its polls in µs."""
    with ExitStack() as running:
        ours = running.enter_context(_stopped(directory / "alone", upstream, ()))
        collecting = running.enter_context(_stopped(directory / "collecting", upstream, ("status", "queue")))
        contenders: dict[str, Callable[[], float]] = {
            OURS: lambda: _our_turn(ours, seconds),
            COLLECTING: lambda: _our_turn(collecting, seconds),
            SOCKET: lambda: _bare_turn("bench.bare_socket", upstream, seconds),
            BARE: lambda: _bare_turn("bench.bare_pool", upstream, seconds),
        }
        for peer in probers.COMMANDS:
            if probers.command(peer):
                started = running.enter_context(probers.prober(peer, directory, upstream))
                contenders[peer] = lambda started=started: started.micros_per_probe(RATE, seconds)  # type: ignore[misc]
        yield ours, contenders


@contextmanager
def _stopped(directory: Path, upstream: Upstream, collect: Sequence[str]) -> Iterator[Exporter]:
    """An exporter of its own that waits for its turn."""
    directory.mkdir()
    file = directory / "polls.yaml"
    write_config(file, _INSTANCES, upstream.fast, upstream.ca_file, f"{_INSTANCES / RATE:g}s", 32, collect)
    with exporter(directory, f"--config.file={file}") as started:
        started.process.send_signal(SIGSTOP)
        yield started


def _our_turn(ours: Exporter, seconds: float) -> float:
    """Let it run; the polls that fell due meanwhile are made before the clock starts."""
    ours.process.send_signal(SIGCONT)
    time.sleep(_SETTLE)
    polls, cpu = _polls(ours), cpu_seconds(ours.process.pid)
    time.sleep(seconds)
    cpu = cpu_seconds(ours.process.pid) - cpu
    polls = _polls(ours) - polls
    ours.process.send_signal(SIGSTOP)
    return cpu / polls * 1e6


def _bare_turn(module: str, upstream: Upstream, seconds: float) -> float:
    command = [
        sys.executable,
        "-m",
        module,
        upstream.fast,
        str(upstream.ca_file),
        str(RATE),
        str(seconds),
    ]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def _polls(ours: Exporter) -> float:
    ours.process.send_signal(SIGCONT)
    return value_of(get(f"{ours.url}/metrics"), 'zapi_exporter_polls_total{outcome="success"}')


def _handshakes(ours: Exporter, upstream: Upstream) -> tuple[int, int]:
    """Connections that were accepted in ten seconds of polls by us alone, and those polls."""
    ours.process.send_signal(SIGCONT)
    time.sleep(_SETTLE)
    polls, accepted = _polls(ours), upstream.connections()
    time.sleep(10)
    accepted = upstream.connections() - accepted
    return accepted - _THE_QUESTION, int(_polls(ours) - polls)


def _cold_millis(upstream: Upstream) -> float:
    """CPU of a poll at a server that closes each connection, in this thread."""
    client = ZapiClient(Api(upstream.closing, 10.0, upstream.ca_file.read_text()), clock=SystemClock())
    some = instances(_COLD_POLLS)
    assert isinstance(client.read(some[0]), Status)
    before = time.thread_time()
    for instance in some:
        client.read(instance)
    return (time.thread_time() - before) / len(some) * 1e3
