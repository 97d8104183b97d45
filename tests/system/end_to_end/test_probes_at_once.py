"""Many more probes at once than polls may be in flight: each has its own right answer."""

import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from exporter.model.clock import SystemClock
from exporter.model.settings import Polling
from harness.processes import Exporter, exporter, get
from simulator.config_file import write_config
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, an_instance

PROBES: Final = 200
CONCURRENCY: Final = 32


NAMES: Final = [f"n{number}" for number in range(PROBES)]
POLLING: Final = Polling(30 * 86_400.0, CONCURRENCY, stale_after=60 * 86_400.0, probe_max_age=0.001)


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi(map(a_simulated, NAMES), clock=SystemClock(), latency=0.1) as server:
        yield server


@pytest.fixture
def running(zapi: SimulatedZapi, tmp_path: Path) -> Iterator[Exporter]:
    file = tmp_path / "config.yaml"
    instances = map(an_instance, NAMES)
    write_config(a_config(*instances, base_url=zapi.base_url, timeout=60.0, polling=POLLING), file)
    with exporter(tmp_path, f"--config.file={file}") as started:
        yield started


def test_probes_of_different_instances_poll_each_once(running: Exporter, zapi: SimulatedZapi) -> None:
    before = dict(zapi.requests)
    with ThreadPoolExecutor(PROBES) as clients:
        answers = list(clients.map(lambda name: get(f"{running.url}/probe?name={name}"), NAMES))
    for name, said in zip(NAMES, answers, strict=True):
        assert f'zapi_instance_up{{name="{name}"}} 1.0\n' in said
    assert {zapi.requests[instance] - before[instance] for instance in before} == {1}
    assert zapi.max_in_flight <= CONCURRENCY


def test_a_probe_answers_before_the_scrape_gives_up(running: Exporter, zapi: SimulatedZapi) -> None:
    """Z-API hangs for longer than Prometheus waits: the answer says so, and what was known before."""
    zapi.update("ID-n7", delay=60.0)
    request = urllib.request.Request(
        f"{running.url}/probe?name=n7", headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        said = answer.read().decode()
    assert zapi.in_flight == 1  # it was not the poll's own end that let it answer
    assert 'zapi_instance_up{name="n7"} 0.0\n' in said
    assert 'zapi_instance_poll_failure{name="n7",reason="timeout"} 1.0\n' in said
    assert 'zapi_instance_connected{name="n7"} 1.0\n' in said
