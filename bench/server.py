"""What a real Prometheus takes for ten thousand instances that one exporter exposes."""

import time
from pathlib import Path
from typing import Final

from bench.instances import write_config
from bench.processes import cpu_seconds, resident_mib
from bench.results import Server
from bench.upstream import Upstream
from harness.processes import eventually, exporter, prometheus

INSTANCES: Final = 10_000
INTERVAL: Final = 15
_JOB: Final = """
global: {{scrape_interval: {interval}s, scrape_timeout: 10s}}
scrape_configs:
- job_name: bench
  static_configs: [{{targets: [{targets}]}}]
"""


def measure(directory: Path, upstream: Upstream, seconds: float) -> Server:
    """Let it scrape for so long, and compare it with one that scrapes nothing."""
    place, idle_place = directory / "server", directory / "idle-server"
    place.mkdir()
    idle_place.mkdir()
    file = place / "zapi.yaml"
    write_config(file, INSTANCES, upstream.fast, upstream.ca_file, "60s", 32)
    with prometheus(idle_place, _JOB.format(interval=INTERVAL, targets="")) as idle:
        time.sleep(INTERVAL)
        base = resident_mib(idle.process.pid)
    with exporter(place, f"--config.file={file}") as ours:
        target = ours.url.removeprefix("http://")
        job = _JOB.format(interval=INTERVAL, targets=f"'{target}'")
        with prometheus(place, job) as server:
            eventually(lambda: server.values("sum(scrape_samples_scraped)") != [])
            pid = server.process.pid
            time.sleep(INTERVAL)
            before = cpu_seconds(pid)
            time.sleep(seconds)
            cpu = cpu_seconds(pid) - before
            samples = server.values("sum(scrape_samples_scraped)")[0]
            longest = server.values("max_over_time(scrape_duration_seconds[5m])")[0]
            resident = resident_mib(pid)
    return Server(
        series=int(samples),
        bytes_per_series=(resident - base) * 2**20 / samples,
        micros_per_sample=cpu / (samples * seconds / INTERVAL) * 1e6,
        longest_scrape=longest,
    )
