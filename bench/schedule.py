"""Whether the schedule is kept: ten thousand instances a minute on one core, with an upstream that takes its time."""

import re
import time
from collections import Counter
from pathlib import Path
from typing import Final

from bench.instances import write_config
from bench.processes import cpu_seconds, one_core
from bench.results import Schedule
from bench.samples import buckets_of
from bench.upstream import LATENCY, Upstream
from harness.processes import eventually, exporter, get

INSTANCES: Final = 10_000
INTERVAL: Final = 60.0
CONCURRENCY: Final = 64
_LATENESS: Final = "zapi_exporter_poll_lateness_seconds"


def measure(directory: Path, upstream: Upstream, intervals: int) -> Schedule:
    """Start it, let the first polls pass, then watch for so many intervals."""
    file = directory / "schedule.yaml"
    write_config(file, INSTANCES, upstream.slow, upstream.ca_file, f"{INTERVAL:g}s", CONCURRENCY)
    began = time.monotonic()
    with (
        one_core(),
        exporter(directory, f"--config.file={file}", ready=False) as ours,
    ):
        eventually(lambda: get(f"{ours.url}/-/ready") != "", 120)
        pid, ready = ours.process.pid, time.monotonic() - began
        ready_cpu = cpu_seconds(pid)
        time.sleep(INTERVAL)  # first polls come all at once; from now on each has its own moment
        before, cpu, watched = get(f"{ours.url}/metrics"), cpu_seconds(pid), time.monotonic()
        time.sleep(intervals * INTERVAL)
        after, cpu, watched = (
            get(f"{ours.url}/metrics"),
            cpu_seconds(pid) - cpu,
            time.monotonic() - watched,
        )
    polls = _polls(after)
    polls.subtract(_polls(before))
    late = buckets_of(after, _LATENESS)
    early = buckets_of(before, _LATENESS)
    total = late["+Inf"] - early["+Inf"]
    return Schedule(
        instances=INSTANCES,
        interval=INTERVAL,
        concurrency=CONCURRENCY,
        ready=ready,
        ready_cpu=ready_cpu,
        ideal=LATENCY * INSTANCES / CONCURRENCY,
        seconds=watched,
        polls=sum(polls.values()),
        # What fell due just as the first of the two scrapes was made may be seen by either.
        polled_too_rarely=sum(count < intervals - 1 for count in polls.values())
        + max(0, intervals * INSTANCES - sum(polls.values()) - CONCURRENCY),
        lateness={bound: (late[bound] - early[bound]) / total for bound in late},
        cpu_share=cpu / watched,
    )


def _polls(text: str) -> Counter[str]:
    """Name → polls."""
    found = re.findall(r'^zapi_instance_polls_total{.*name="([^"]+)".*} (\S+)$', text, re.MULTILINE)
    return Counter({name: int(float(count)) for name, count in found})
