"""Many more probes at once than polls may be in flight: each has its own right answer."""

import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from harness.processes import Exporter, exporter, get
from simulator.server import SimulatedZapi

PROBES: Final = 200
CONCURRENCY: Final = 32


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    now = time.time()
    instances = [SimulatedInstance(id=f"ID{i}", token="T", due=now, created=now) for i in range(PROBES)]
    with SimulatedZapi(instances, clock=SystemClock(), latency=0.1) as server:
        yield server


@pytest.fixture
def running(zapi: SimulatedZapi, tmp_path: Path) -> Iterator[Exporter]:
    file = tmp_path / "config.yaml"
    file.write_text(
        f"api: {{base_url: '{zapi.base_url}', timeout: 60s}}\n"
        f"polling: {{interval: 30d, stale_after: 60d, concurrency: {CONCURRENCY}, probe_max_age: 1ms}}\n"
        "instances:\n" + "".join(f"  - {{name: n{i}, id: ID{i}, token: T}}\n" for i in range(PROBES))
    )
    with exporter(tmp_path, f"--config.file={file}") as started:
        yield started


def probe_at_once(running: Exporter, names: Sequence[str]) -> list[str]:
    """The answers, in the order of the names; one that is no success or takes 30 s raises."""
    with ThreadPoolExecutor(len(names)) as clients:
        return list(clients.map(lambda name: get(f"{running.url}/probe?name={name}"), names))


def test_probes_of_different_instances_poll_each_once(running: Exporter, zapi: SimulatedZapi) -> None:
    names = [f"n{i}" for i in range(PROBES)]
    before = dict(zapi.requests)
    answers = probe_at_once(running, names)
    wrong = [
        name
        for name, said in zip(names, answers, strict=True)
        if f'zapi_instance_up{{name="{name}"}} 1.0\n' not in said
    ]
    assert wrong == []
    assert {zapi.requests[instance] - before[instance] for instance in before} == {1}
    assert zapi.max_in_flight <= CONCURRENCY


def test_a_probe_answers_before_the_scrape_gives_up(running: Exporter, zapi: SimulatedZapi) -> None:
    """Z-API hangs for longer than Prometheus waits: the answer says so, and what was known before."""
    zapi.update("ID7", delay=60.0)
    request = urllib.request.Request(
        f"{running.url}/probe?name=n7", headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        said = answer.read().decode()
    assert zapi.in_flight == 1  # it was not the poll's own end that let it answer
    assert 'zapi_instance_up{name="n7"} 0.0\n' in said
    assert 'zapi_instance_poll_failure{name="n7",reason="timeout"} 1.0\n' in said
    assert 'zapi_instance_connected{name="n7"} 1.0\n' in said
