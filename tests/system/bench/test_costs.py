"""No ratio to a peer has gone wrong by more than half. `make bench` measures the same with care."""

import gzip
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import urllib3
from prometheus_client.exposition import generate_latest as generate_text
from prometheus_client.openmetrics import exposition as openmetrics_format
from prometheus_client.registry import Collector

from bench.scrapes import Rig
from exporter.fleet.store import Fleet
from exporter.metrics.exposition import InstanceLines
from exporter.metrics.self_metrics import Telemetry
from exporter.metrics.text_format import Format
from exporter.model.clock import SystemClock
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, an_instance
from tests.system.bench.costs import assert_at_most_half_worse, ratio

POLL_OF_A_BARE_POOL = 0.8
SCRAPE_OF_STOCK = {"identity": 1 / 110, "gzip": 1 / 65, "openmetrics": 1 / 150}

POLLS = 50
INSTANCES = 1000


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi([a_simulated(name="Loja")], clock=SystemClock()) as server:
        yield server


def test_a_whole_poll_beside_a_bare_pool_that_fetches_the_same(zapi: SimulatedZapi) -> None:
    clock, instance, telemetry = SystemClock(), an_instance("vendas"), Telemetry()
    fleet = Fleet(a_config(instance), clock, [InstanceLines()])
    client = ZapiClient(Api(zapi.base_url, 10.0, None), clock=clock)
    pool = urllib3.connection_from_url(zapi.base_url)

    def polls() -> None:
        for _ in range(POLLS):
            telemetry.began(0.0)
            reading = client.read(instance)
            telemetry.ended(reading, 0.1)
            fleet.record(instance, reading, 0.1)

    def fetches() -> None:
        for _ in range(POLLS):
            assert pool.request("GET", "/instances/ID-vendas/token/TOKEN/me").data

    measured = ratio(polls, fetches)
    assert fleet.views()[0].up
    client.close()
    pool.close()
    assert_at_most_half_worse(measured, POLL_OF_A_BARE_POOL)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig(INSTANCES)


@pytest.mark.parametrize("kind", SCRAPE_OF_STOCK)
def test_a_scrape_beside_the_stock_library(rig: Rig, kind: str) -> None:
    openmetrics: Callable[[Collector], bytes] = openmetrics_format.generate_latest
    families = rig.families()
    theirs = {
        "identity": lambda: generate_text(families),
        "gzip": lambda: gzip.compress(generate_text(families), 9),
        "openmetrics": lambda: openmetrics(families),
    }[kind]
    fmt = Format.OPENMETRICS if kind == "openmetrics" else Format.TEXT
    ours = partial(rig.scrapes.render, fmt, gzip=kind == "gzip")
    measured = ratio(ours, theirs, rounds=4, between=rig.poll)
    assert_at_most_half_worse(measured, SCRAPE_OF_STOCK[kind])
