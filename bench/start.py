"""What a start costs, and what it imports."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.instances import write_config
from bench.processes import cpu_seconds
from bench.results import Start
from bench.spread import Spread
from bench.upstream import Upstream
from harness.processes import COMMAND, exporter, get

_INSTANCES: Final = 10
IMPORTS: Final = (
    "ssl",
    "http.client",
    "asyncio",
    "urllib3",
    "requests",
    "prometheus_client",
    "yaml",
    "jinja2",
    "h11",
    "bcrypt",
)
"""The largest imports of a start, in an order in which each is charged with what the ones before have not loaded."""


def measure(directory: Path, upstream: Upstream, rounds: int, step: Callable[[], None]) -> Start:
    file = directory / "start.yaml"
    write_config(file, _INSTANCES, upstream.fast, upstream.ca_file, "60s", 4)
    python: list[float] = []
    version: list[float] = []
    first: list[float] = []
    for _ in range(rounds):
        python.append(_cpu_millis([sys.executable, "-c", "pass"]))
        version.append(_cpu_millis([COMMAND, "--version"]))
        with exporter(directory, f"--config.file={file}") as ours:
            assert get(f"{ours.url}/metrics").count("zapi_instance_up{") == _INSTANCES
            first.append(cpu_seconds(ours.process.pid) * 1e3)
        step()
    return Start(Spread.of(python), Spread.of(version), Spread.of(first), _imports())


def _cpu_millis(command: Sequence[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user + after.children_system - before.children_system) * 1e3


def _imports() -> Mapping[str, float]:
    """CPU of each import in ms, the least of a few."""
    program = (
        "import sys, time\n"
        "for name in sys.argv[1:]:\n"
        "    before = time.process_time()\n"
        "    __import__(name)\n"
        "    print((time.process_time() - before) * 1e3)\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program, *IMPORTS], check=True, capture_output=True).stdout
        for _ in range(5)
    ]
    millis = [[float(number) for number in re.findall(rb"\S+", run)] for run in runs]
    return dict(zip(IMPORTS, map(min, *millis), strict=True))
