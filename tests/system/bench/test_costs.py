"""What polls and scrapes cost, beside a peer or counted, is not worse by more than half than it was.

`make bench` measures the same with care.
"""

import gc
import gzip
import random
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import urllib3
from prometheus_client.exposition import generate_latest as generate_text
from prometheus_client.openmetrics import exposition as openmetrics_format
from prometheus_client.registry import Collector

from bench.instances import config, instances, me, readings, record
from bench.scrapes import Rig
from exporter.fleet.store import Fleet
from exporter.metrics.exposition import Format, InstanceLines
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Status
from exporter.model.settings import Api
from exporter.poller.schedule import Backoff, Plan, PollQueue
from exporter.zapi.client import KnownInstance, ZapiClient
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, an_instance, some_polling
from tests.counting import calls_of
from tests.unit.zapi.playing import a_request

POLL_OF_A_BARE_POOL = 0.8
CALLS_OF_A_POLL = 84
"""Of Python functions, but those of the threads. It was 171 when a poll cost 2.4 of a bare TLS socket."""
SCRAPE_OF_STOCK = {"identity": 1 / 110, "gzip": 1 / 65, "openmetrics": 1 / 150}
SERIES_OF_AN_INSTANCE = 28
BLOCKS_OF_AN_INSTANCE = 84
PEAK_OF_A_RECORDED_POLL = 2.4
"""KiB, beside what stays."""
PEAK_OF_A_SCRAPE = 0.25
"""As a multiple of the page: only what changed is joined, and no answer is put together."""

POLLS = 50
INSTANCES = 1000


def ratio(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int = 12,
    between: Callable[[], object] = lambda: None,
) -> float:
    """What ours takes of this thread's CPU, as a multiple of theirs: the least of turns taken in alternation.

    ``between`` prepares each turn, and is not measured.
    """
    least = [float("inf")] * 2
    for _ in range(rounds):
        for which, work in enumerate((ours, theirs)):
            between()
            before = time.thread_time()
            work()
            least[which] = min(least[which], time.thread_time() - before)
    return least[0] / least[1]


def assert_at_most_half_worse(measured: float, expected: float) -> None:
    assert measured <= expected * 1.5, f"{measured:.3g}, and {expected:.3g} is what it was"


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


def test_a_poll_calls_no_more_functions_than_before(zapi: SimulatedZapi) -> None:
    instance, clock, telemetry = an_instance("vendas"), SystemClock(), Telemetry()
    queue = PollQueue(Plan([instance], some_polling(60.0, 32), 10.0), Backoff(random.Random(1)), 0.0)
    fleet = Fleet(a_config(instance), clock, [InstanceLines()])
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


def blocks(make: Callable[[], object]) -> int:
    """Blocks of memory that are held by what is made."""
    gc.collect()
    before = sys.getallocatedblocks()
    made = make()
    gc.collect()
    after = sys.getallocatedblocks()
    del made
    return after - before


def peak_kib(work: Callable[[], object]) -> float:
    """The most that is allocated at once while it works."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1024
    finally:
        tracemalloc.stop()


def test_an_instance_has_as_many_series_as_ever() -> None:
    two, one = (Rig(count).instances_alone().whole().count(b"\nzapi_instance_") for count in (2, 1))
    assert two - one == SERIES_OF_AN_INSTANCE


def test_a_fleet_takes_memory_in_proportion_to_its_size() -> None:
    small, large = (blocks(lambda: Rig(count)) / count for count in (200, 2000))  # noqa: B023
    assert_at_most_half_worse(large, BLOCKS_OF_AN_INSTANCE)
    assert large <= small * 1.3


def test_polls_that_learn_nothing_new_keep_nothing() -> None:
    learned = readings(100)
    fleet = Fleet(config(100), SystemClock(), [InstanceLines()])
    record(fleet, learned)
    record(fleet, learned)

    def polls() -> None:
        for _ in range(5):
            record(fleet, learned)

    assert blocks(polls) < 50  # of 500 polls


def test_a_recorded_poll_allocates_no_more_than_before() -> None:
    learned = readings(1)
    fleet = Fleet(config(1), SystemClock(), [InstanceLines()])
    record(fleet, learned)
    assert_at_most_half_worse(peak_kib(lambda: record(fleet, learned)), PEAK_OF_A_RECORDED_POLL)


def test_an_unchanged_reply_is_not_read_again() -> None:
    (instance,) = instances(1)
    known = KnownInstance(instance, a_request("https://zapi.example"))
    known.read(me(instance.id))
    body = me(instance.id)
    assert peak_kib(lambda: known.read(body)) < 1


def test_a_scrape_takes_a_part_of_what_it_answers() -> None:
    rig = Rig(1000)
    page = len(rig.scrapes.render(Format.TEXT, gzip=False).whole())
    rig.poll()
    peak = peak_kib(lambda: rig.scrapes.render(Format.TEXT, gzip=False)) * 1024 / page
    assert_at_most_half_worse(peak, PEAK_OF_A_SCRAPE)


def test_each_version_is_rendered_and_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(200)
    rendered: list[Format] = []
    render = rig.lines.render

    def counted(fmt: Format, now: float) -> object:
        rendered.append(fmt)
        shared = render(fmt, now)
        compress = shared._compress

        def counted_compress() -> object:
            compressed.append(fmt)
            return compress()

        monkeypatch.setattr(shared, "_compress", counted_compress)
        return shared

    compressed: list[Format] = []
    monkeypatch.setattr(rig.lines, "render", counted)
    monkeypatch.setattr(SystemClock, "time", lambda self: 1.7e9)
    answers: list[bytes] = []
    together = threading.Barrier(50)

    def scrape() -> None:
        together.wait()
        answers.append(rig.scrapes.render(Format.TEXT, gzip=True).whole())

    clients = [threading.Thread(target=scrape) for _ in range(50)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len(answers) == 50
    assert (rendered, compressed) == ([Format.TEXT], [Format.TEXT])
