"""What CPU and memory grow with: the running exporter with more and more instances, polled at one and the same rate."""

import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.instances import write_config
from bench.processes import cpu_seconds, resident_mib
from bench.results import Size
from bench.samples import value_of
from bench.spread import Spread
from bench.upstream import Upstream
from harness.processes import exporter, get

RATE: Final = 10_000 / 60
"""Polls a second: so many make ten thousand a minute."""
COUNTS: Final = (100, 1_000, 10_000)

_FORMATS: Final[tuple[dict[str, str], ...]] = (
    {"Accept-Encoding": "gzip"},
    {"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text"},
    {},
)


def measure(
    directory: Path, upstream: Upstream, count: int, rounds: int, seconds: float, step: Callable[[], None]
) -> Size:
    """With ``count`` instances; ``step`` is called after each round."""
    file = directory / "sizes.yaml"
    write_config(file, count, upstream.fast, upstream.ca_file, f"{int(count / RATE * 1000)}ms", 32)
    with exporter(directory, f"--config.file={file}") as ours:
        pid, url = ours.process.pid, f"{ours.url}/metrics"
        time.sleep(count / RATE)  # first polls come all at once; from now on each has its own moment
        resident_polled = resident_mib(pid)
        micros = []
        for _ in range(rounds):
            polls, cpu = _polls(url), cpu_seconds(pid)
            time.sleep(seconds)
            cpu = cpu_seconds(pid) - cpu
            micros.append(cpu / (_polls(url) - polls) * 1e6)
            for headers in _FORMATS:
                urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read()
            step()
        return Size(count, RATE, Spread.of(micros), resident_polled, resident_mib(pid))


def _polls(url: str) -> float:
    return value_of(get(url), 'zapi_exporter_polls_total{outcome="success"}')
