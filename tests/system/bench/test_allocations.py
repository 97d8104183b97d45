"""What polls and scrapes allocate and keep, counted and not timed."""

import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from bench.instances import config, instances, me, readings, record
from bench.scrapes import Rig
from exporter.fleet.store import Fleet
from exporter.metrics.exposition import InstanceLines
from exporter.metrics.text_format import Format
from exporter.model.clock import SystemClock
from exporter.zapi.client import KnownInstance
from tests.system.bench.costs import assert_at_most_half_worse
from tests.unit.zapi.playing import a_request

SERIES_OF_AN_INSTANCE = 28
BLOCKS_OF_AN_INSTANCE = 84
PEAK_OF_A_RECORDED_POLL = 2.4
"""KiB, beside what stays."""
PEAK_OF_A_SCRAPE = 0.25
"""As a multiple of the page: only what changed is joined, and no answer is put together."""


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
