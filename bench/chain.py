"""The whole chain with a real Prometheus: one scrape of all instances, or one probe for each."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from bench import probers
from bench.instances import name, write_config
from bench.processes import cpu_seconds
from bench.results import Chain
from bench.upstream import Upstream
from harness.processes import exporter, prometheus

INSTANCES: Final = 1000
INTERVAL: Final = 15
"""Seconds between polls and between scrapes: four make the minute for which the result is told."""

ONE_SCRAPE: Final = "zapi-exporter, one scrape of /metrics"
PROBES: Final = "zapi-exporter, a /probe for each instance"
_PEER: Final = "{peer}, a probe for each instance"

_WARM_UP: Final = 2 * INTERVAL + 5
_GLOBAL: Final = f"""
global: {{scrape_interval: {INTERVAL}s, scrape_timeout: 10s}}
scrape_configs:
- job_name: bench
  """

Way = Callable[[Path, Upstream], AbstractContextManager[tuple[int, str]]]
"""Starts what exports the instances and gives its process, and how Prometheus is to scrape it."""


def ways() -> Mapping[str, Way]:
    """Those that can be measured here."""
    possible: dict[str, Way] = {ONE_SCRAPE: _one_scrape, PROBES: _probes}
    for peer in probers.COMMANDS:
        if probers.command(peer):
            possible[way_of(peer)] = partial(_peer, peer)
    return possible


def way_of(peer: str) -> str:
    """How the way of a peer is called."""
    return _PEER.format(peer=peer)


def measure(directory: Path, upstream: Upstream, way: str, minutes: int) -> Chain:
    place = directory / f"chain-{list(ways()).index(way)}"
    place.mkdir()
    with ways()[way](place, upstream) as (pid, job), prometheus(place, _GLOBAL + job) as server:
        time.sleep(_WARM_UP)
        before = cpu_seconds(pid), cpu_seconds(server.process.pid)
        time.sleep(60 * minutes)
        after = cpu_seconds(pid), cpu_seconds(server.process.pid)
        samples = sum(server.query("sum(scrape_samples_scraped)").values())
    scale = INTERVAL / 60 / minutes
    return Chain((after[0] - before[0]) * scale, (after[1] - before[1]) * scale, samples / INSTANCES)


@contextmanager
def _one_scrape(place: Path, upstream: Upstream) -> Iterator[tuple[int, str]]:
    with _ours(place, upstream, f"{INTERVAL}s") as (pid, address):
        yield pid, f"static_configs: [{{targets: ['{address}']}}]"


@contextmanager
def _probes(place: Path, upstream: Upstream) -> Iterator[tuple[int, str]]:
    """The exporter's own schedule is slow, so that the probes set the pace."""
    with _ours(place, upstream, "1h") as (pid, address):
        yield pid, f"http_sd_configs: [{{url: 'http://{address}/sd'}}]"


@contextmanager
def _peer(name_of_peer: str, place: Path, upstream: Upstream) -> Iterator[tuple[int, str]]:
    with probers.prober(name_of_peer, place, upstream) as peer:
        targets = place / "targets.json"
        targets.write_text(
            json.dumps(
                [
                    {"targets": [target], "labels": {"name": name(index)}}
                    for index, target in enumerate(peer.targets)
                ]
            )
        )
        address = peer.url.removeprefix("http://")
        yield (
            peer.pid,
            f"""metrics_path: /probe
  params: {{module: [{peer.module}]}}
  file_sd_configs: [{{files: ['{targets}']}}]
  relabel_configs:
  - {{source_labels: [__address__], target_label: __param_target}}
  - {{source_labels: [name], target_label: instance}}
  - {{target_label: __address__, replacement: '{address}'}}""",
        )


@contextmanager
def _ours(place: Path, upstream: Upstream, interval: str) -> Iterator[tuple[int, str]]:
    file = place / "zapi.yaml"
    write_config(file, INSTANCES, upstream.fast, upstream.ca_file, interval, 32)
    if interval == "1h":
        file.write_text(file.read_text().replace("stale_after: 5m", "stale_after: 2h"))
    with exporter(place, f"--config.file={file}") as ours:
        yield ours.process.pid, ours.url.removeprefix("http://")
