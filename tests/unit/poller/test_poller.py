"""The threads that poll, with real threads and readings made up."""

import logging
import random
import threading
import time
from collections.abc import Collection

import pytest

from exporter.model.clock import Clock, SystemClock
from exporter.model.poll_result import Collector, Failure, Reading, Reason
from exporter.model.settings import Instance
from exporter.poller.poller import Collect, LatenessLog, Poller
from exporter.poller.schedule import SLOT_GRID, Backoff, Plan, Slots
from harness.waiting import wait_until
from tests.builders import a_failure, a_status, an_instance, some_polling
from tests.clocks import ManualClock

DEADLINE = 120.0
LONGEST_POLL = 10.0


class Upstream:
    """Answers polls, holds those of the instances it is told to, and remembers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.release = threading.Event()
        self.holds: set[str] = set()
        self.fails: set[str] = set()
        self.raises: set[str] = set()
        self.exits: set[str] = set()
        self.latency = 0.0
        self.polled: list[str] = []
        self.recorded: list[tuple[str, Reading]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.lateness: list[float] = []
        self.durations: list[float] = []

    def read(self, instance: Instance) -> Reading:
        with self._lock:
            self.polled.append(instance.name)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if instance.name in self.holds:
                assert self.release.wait(DEADLINE)
            time.sleep(self.latency)
            if instance.name in self.raises:
                raise RuntimeError("canary")
            if instance.name in self.exits:
                raise SystemExit
            return a_failure() if instance.name in self.fails else a_status()
        finally:
            with self._lock:
                self.in_flight -= 1

    def record(self, instance: Instance, reading: Reading, duration: float) -> None:
        with self._lock:
            self.recorded.append((instance.name, reading))
            self.durations.append(duration)

    def began(self, lateness: float | None) -> None:
        if lateness is not None:
            self.lateness.append(lateness)

    def ended(self, reading: Reading, duration: float) -> None:
        self.durations.append(duration)

    def began_polls(self, name: str) -> int:
        with self._lock:
            return self.polled.count(name)

    def ended_polls(self) -> int:
        with self._lock:
            return len(self.recorded)


class Rig:
    def __init__(self) -> None:
        self.upstream = Upstream()
        self.pollers: list[Poller] = []

    def poller(
        self,
        count: int,
        *,
        interval: float = 60.0,
        concurrency: int = 8,
        clock: Clock | None = None,
        collect: Collect | None = None,
    ) -> Poller:
        poller = Poller(
            a_plan(count, interval, concurrency, frozenset(Collector if collect else ())),
            self.upstream.read,
            self.upstream.record,
            clock=clock or SystemClock(),
            observer=self.upstream,
            backoff=Backoff(random.Random(1)),
            collect=collect or (lambda instance, next_slot: None),
        )
        self.pollers.append(poller)
        poller.start()
        return poller

    def poll(self, poller: Poller, count: int, *, interval: float = 60.0, concurrency: int = 8) -> None:
        poller.replace(a_plan(count, interval, concurrency), self.upstream.read)

    def wait_for_polls(self, names: Collection[str], count: int) -> None:
        """Wait until each of these was polled so many more times."""
        before = {name: self.upstream.began_polls(name) for name in names}
        wait_until(lambda: all(self.upstream.began_polls(name) >= before[name] + count for name in names))

    def close(self) -> None:
        self.upstream.release.set()
        for poller in self.pollers:
            poller.stop(DEADLINE)


def a_plan(
    count: int, interval: float, concurrency: int, collect: frozenset[Collector] = frozenset()
) -> Plan:
    instances = [an_instance(f"instance {number}", collect=collect) for number in range(count)]
    return Plan(instances, some_polling(interval, concurrency), LONGEST_POLL)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture(autouse=True)
def _closed(rig: Rig) -> object:
    before = set(threading.enumerate())
    yield
    rig.close()
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_every_instance_is_polled_at_once_and_then_again_each_interval(rig: Rig) -> None:
    rig.poller(20, interval=0.2)
    wait_until(lambda: all(rig.upstream.began_polls(f"instance {number}") >= 4 for number in range(20)))
    counts = [rig.upstream.began_polls(f"instance {number}") for number in range(20)]
    assert max(counts) - min(counts) <= 2


def test_no_more_polls_are_in_flight_than_concurrency_allows_and_no_fewer(rig: Rig) -> None:
    rig.upstream.holds = {f"instance {number}" for number in range(50)}
    rig.poller(50, concurrency=7)
    wait_until(lambda: rig.upstream.in_flight == 7)
    rig.upstream.release.set()
    wait_until(lambda: rig.upstream.ended_polls() >= 50)
    assert rig.upstream.most_in_flight == 7


def test_polls_that_are_due_together_do_not_wait_for_those_that_hang(rig: Rig) -> None:
    """Whichever of them hang: the interval is that of the grid, so that all have the same slots."""
    poller = rig.poller(3, interval=SLOT_GRID, concurrency=5)
    rig.wait_for_polls({"instance 2"}, 3)
    rig.poll(poller, 5, interval=SLOT_GRID, concurrency=5)
    everyone = {f"instance {number}" for number in range(5)}
    for hanging in ({"instance 0", "instance 3"}, everyone, everyone):
        rig.wait_for_polls(everyone, 3)
        rig.upstream.release.clear()
        rig.upstream.holds = hanging
        wait_until(lambda: rig.upstream.in_flight == len(hanging))  # noqa: B023
        rig.wait_for_polls(everyone - hanging, 10)
        rig.upstream.release.set()


def test_a_poll_that_raises_costs_one_poll_and_tells_nothing(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.upstream.raises = {"instance 0"}
    rig.poller(2, interval=0.1)
    wait_until(lambda: rig.upstream.began_polls("instance 0") >= 2)
    readings = [reading for name, reading in rig.upstream.recorded if name == "instance 0"]
    assert isinstance(readings[0], Failure)
    assert readings[0].reason is Reason.INVALID_RESPONSE
    assert "RuntimeError" in str(vars(caplog.records[0]))
    assert "canary" not in str([vars(record) for record in caplog.records])


def test_polls_asked_for_at_the_same_time_share_one(rig: Rig) -> None:
    poller = rig.poller(1)
    wait_until(lambda: rig.upstream.ended_polls() == 1)
    rig.upstream.holds = {"instance 0"}
    polls = [poll for _ in range(11) if (poll := poller.request_poll("instance 0")) is not None]
    wait_until(lambda: rig.upstream.in_flight == 1)
    polls.pop().cancel()
    assert len(poller._waiting["instance 0"]) == len(polls) == 10
    rig.upstream.release.set()
    for poll in polls:
        poll.result(DEADLINE)
    assert rig.upstream.began_polls("instance 0") == 2


def test_nobody_who_asks_waits_for_collectors(rig: Rig) -> None:
    """They may hang long after ``/me`` was read, and say nothing of the instance then."""
    asking, answer = threading.Event(), threading.Event()

    def collect(instance: Instance, next_slot: float) -> None:
        asking.set()
        answer.wait(DEADLINE)

    rig.upstream.holds = {"instance 0"}
    poller = rig.poller(1, collect=collect)
    first = poller.request_poll("instance 0")
    assert first is not None
    rig.upstream.release.set()
    first.result(DEADLINE)
    assert asking.wait(DEADLINE)
    assert (poller.request_poll("instance 0"), poller.in_flight_for("instance 0")) == (None, 0.0)
    answer.set()


def test_collectors_are_asked_of_instances_that_answered(rig: Rig) -> None:
    asked: list[str] = []
    rig.upstream.fails = {"instance 0"}
    poller = rig.poller(2, collect=lambda instance, next_slot: asked.append(instance.name))
    wait_until(lambda: bool(asked) and rig.upstream.ended_polls() == 2)
    poller.stop(DEADLINE)
    assert asked == ["instance 1"]


def test_a_poll_lasts_from_its_beginning_to_its_end(rig: Rig) -> None:
    rig.upstream.holds = {"instance 0"}
    poller = rig.poller(1, clock=(clock := ManualClock()))
    wait_until(lambda: rig.upstream.in_flight == 1)
    clock.advance(3.0)
    assert poller.in_flight_for("instance 0") == 3.0
    assert poller.in_flight_for("unknown") == 0.0
    rig.upstream.release.set()
    wait_until(lambda: rig.upstream.durations == [3.0, 3.0])  # as recorded, and as observed
    wait_until(lambda: poller.in_flight_for("instance 0") == 0.0)
    assert poller.failure() is None


def test_a_worker_that_ends_unexpectedly_is_told(rig: Rig) -> None:
    rig.upstream.exits = {"instance 0"}
    poller = rig.poller(1)
    wait_until(lambda: poller.failure() is not None)
    failure = poller.failure()
    assert failure is not None
    assert failure.endswith("unexpected SystemExit")


def test_threads_that_poll_do_not_keep_the_process_alive(rig: Rig) -> None:
    before = set(threading.enumerate())
    rig.poller(1)
    wait_until(lambda: rig.upstream.ended_polls() == 1)
    assert {(each.name, each.daemon) for each in set(threading.enumerate()) - before} == {("poller", True)}


def test_asking_for_an_instance_that_is_left_alone_does_not_wait(rig: Rig) -> None:
    rig.upstream.fails = {"instance 0"}
    poller = rig.poller(1)
    wait_until(lambda: rig.upstream.ended_polls() == 1)
    assert poller.request_poll("instance 0") is None
    assert rig.upstream.began_polls("instance 0") == 1


def test_a_reload_adds_and_removes_workers(rig: Rig) -> None:
    rig.upstream.holds = {f"instance {number}" for number in range(50)}
    poller = rig.poller(50, concurrency=2)
    wait_until(lambda: rig.upstream.in_flight == 2)
    rig.poll(poller, 50, concurrency=6)
    wait_until(lambda: rig.upstream.in_flight == 6)
    rig.poll(poller, 50, concurrency=1)
    rig.upstream.release.set()
    wait_until(lambda: rig.upstream.ended_polls() >= 50)
    wait_until(lambda: len(poller._workers) == 1)


def test_late_polls_are_told_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.upstream.latency = 0.005
    rig.poller(40, interval=0.1, concurrency=1)
    wait_until(lambda: "polls are late" in caplog.text)
    ended = rig.upstream.ended_polls()
    wait_until(lambda: rig.upstream.ended_polls() >= ended + 100)
    assert caplog.text.count("polls are late") == 1
    assert max(rig.upstream.lateness) > 0.05


def test_stop_waits_for_polls_in_flight_but_not_for_ever(rig: Rig) -> None:
    rig.upstream.holds = {"instance 0"}
    poller = rig.poller(2)
    wait_until(lambda: rig.upstream.ended_polls() == 1 and rig.upstream.in_flight == 1)
    poller.stop(timeout=0.01)
    assert rig.upstream.in_flight == 1
    rig.upstream.release.set()
    poller.stop(DEADLINE)
    assert rig.upstream.ended_polls() == 2


def test_a_poller_with_nothing_due_is_not_stuck(rig: Rig) -> None:
    poller = rig.poller(2, clock=(clock := ManualClock()))
    wait_until(lambda: rig.upstream.ended_polls() == 2)
    clock.advance(0.001)
    assert poller.stuck_for() < 1.0
    assert rig.poller(0).stuck_for() == 0.0


def test_a_poll_that_hangs_is_what_a_poller_is_stuck_with(rig: Rig) -> None:
    rig.upstream.holds = {"instance 0"}
    poller = rig.poller(2, clock=(clock := ManualClock()))
    wait_until(lambda: rig.upstream.ended_polls() == 1)
    clock.advance(50.0)
    if poll := poller.request_poll("instance 1"):  # else its slot has come meanwhile
        poll.result(DEADLINE)
    assert poller.stuck_for() == 50.0
    rig.upstream.release.set()
    wait_until(lambda: poller.stuck_for() == 0.0)


def test_polls_that_are_due_and_do_not_begin_mean_a_stuck_poller(rig: Rig) -> None:
    """The worker that leads sleeps by another clock, so it does not see that time has passed."""
    poller = rig.poller(2, interval=60.0, clock=(clock := ManualClock()))
    wait_until(lambda: rig.upstream.ended_polls() == 2)
    clock.advance(200.0)
    assert 140.0 <= poller.stuck_for() <= 200.0


def test_what_has_just_come_in_is_nothing_to_be_stuck_with(rig: Rig) -> None:
    poller = rig.poller(1, interval=600.0, clock=(clock := ManualClock()))
    wait_until(lambda: rig.upstream.ended_polls() == 1)
    rig.upstream.holds = {"instance 0"}
    slot = Slots.of("instance 0", 600.0).after(clock.monotonic())
    clock.advance(slot - clock.monotonic() - 1.0)
    poll = poller.request_poll("instance 0")
    assert poll is not None
    assert poller.stuck_for() == 0.0
    rig.upstream.release.set()
    poll.result(DEADLINE)


def test_polls_go_on_where_no_further_thread_can_start(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def start_two(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    monkeypatch.setattr(logging.getLogger("exporter"), "propagate", True)
    rig.upstream.latency = 0.01
    rig.poller(20, interval=0.1)
    wait_until(lambda: rig.upstream.ended_polls() >= 60)
    assert rig.upstream.most_in_flight == 2
    (told,) = (vars(record) for record in caplog.records if "no more threads" in record.getMessage())
    assert (told["workers"], told["concurrency"]) == (2, 8)


INTERVAL = 60.0


def test_half_an_interval_is_not_late_and_more_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    log, told = LatenessLog(), caplog.records
    for lateness in (None, 0.0, INTERVAL / 2):
        log.see(lateness, INTERVAL, 0.0)
    assert told == []
    log.see(INTERVAL / 2 + 0.1, INTERVAL, 0.0)
    (record,) = told
    assert (record.levelname, record.getMessage().partition(":")[0]) == ("WARNING", "polls are late")
    assert (vars(record)["lateness"], vars(record)["interval"]) == ("30.1s", "60s")


def test_lateness_is_told_once_and_ends_after_five_intervals_on_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    log, told = LatenessLog(), caplog.records
    for now in (0.0, 100.0):
        log.see(INTERVAL, INTERVAL, now)
    for now in (200.0, 100.0 + 5 * INTERVAL):
        log.see(0.0, INTERVAL, now)
    assert len(told) == 1
    for now in (100.1 + 5 * INTERVAL, 900.0):
        log.see(0.0, INTERVAL, now)
    assert [(record.levelname, record.getMessage()) for record in told[1:]] == [
        ("INFO", "polls are on time again")
    ]
    log.see(INTERVAL, INTERVAL, 1000.0)
    assert len(told) == 3
