"""No ratio to a peer has gone wrong by more than half. `make bench` measures the same with care."""

import gzip
import random
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
from exporter.model.poll_result import Status
from exporter.model.settings import Api
from exporter.poller.schedule import Backoff, Plan, PollQueue
from exporter.zapi.client import ZapiClient
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, an_instance, some_polling
from tests.counting import calls_of
from tests.system.bench.costs import assert_at_most_half_worse, ratio

POLL_OF_A_BARE_POOL = 0.8
CALLS_OF_A_POLL = 84
"""Of Python functions, but those of the threads. It was 171 when a poll cost 2.4 of a bare TLS socket."""
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


def test_a_poll_calls_no_more_functions_than_before() -> None:
    instance, clock, telemetry = an_instance("vendas"), SystemClock(), Telemetry()
    queue = PollQueue(Plan([instance], some_polling(60.0, 32), 10.0), Backoff(random.Random(1)), 0.0)
    fleet = Fleet(a_config(instance), clock, [InstanceLines()])
    with SimulatedZapi([a_simulated(name="Loja")], clock=clock) as zapi:
        client = ZapiClient(Api(zapi.base_url, 10.0, None), clock=clock)

        def polls() -> None:
            now = 0.0
            for _ in range(POLLS):
                now = queue.next_due(now) or now
                poll = queue.take(now)
                assert poll is not None
                telemetry.began(poll.lateness)
                reading = client.read(poll.instance)
                assert isinstance(reading, Status)
                telemetry.ended(reading, 0.1)
                fleet.record(poll.instance, reading, 0.1)
                queue.finish(poll, reading, now)

        polls()
        measured = calls_of(polls) / POLLS
        client.close()
    assert_at_most_half_worse(measured, CALLS_OF_A_POLL)
