"""When collectors are asked, on a clock that is told to move."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from exporter.model.poll_result import (
    Collected,
    Collector,
    Failure,
    MessageQueue,
    PhoneStatus,
    Reason,
    Session,
)
from exporter.model.settings import Instance
from exporter.poller.collectors import MISSING_PAUSE, CollectorLimits, Collectors
from exporter.poller.schedule import Backoff
from harness.waiting import wait_until
from tests.builders import an_instance
from tests.clocks import ManualClock

GOOD = PhoneStatus(Session.CONNECTED, phone_online=True)
TIMEOUT = Failure(Reason.TIMEOUT, "no whole reply")


class Rig:
    """Collectors that are told what each request gives, and what they asked."""

    def __init__(self, places: int | None = 4) -> None:
        self.clock = ManualClock()
        self.asked: list[tuple[str, str, float]] = []
        self.recorded: list[Collected] = []
        self.observed: list[Collector] = []
        self.give: Callable[[Instance], Collected] = lambda instance: GOOD
        self.collectors = Collectors(
            self.ask,
            lambda instance, collector, collected: self.recorded.append(collected),
            lambda collector, collected: self.observed.append(collector),
            limits=CollectorLimits(timeout=10.0, interval=60.0, places=places),
            clock=self.clock,
            backoff=Backoff(random.Random(1)),
        )

    def ask(self, instance: Instance, collector: Collector, timeout: float) -> Collected:
        self.asked.append((instance.name, collector.value, timeout))
        return self.give(instance)

    def run(self, instance: Instance, before: float = 60.0) -> int:
        """How many requests a slot makes that the next one follows after ``before`` seconds."""
        already = len(self.asked)
        self.collectors.run(instance, self.clock.monotonic() + before)
        return len(self.asked) - already

    def slots(self, instance: Instance, count: int, interval: float = 60.0) -> list[int]:
        """How many requests each of some slots makes."""
        made = []
        for _ in range(count):
            made.append(self.run(instance))
            self.clock.advance(interval)
        return made


def asking(*collectors: Collector, name: str = "vendas") -> Instance:
    return an_instance(name, collect=frozenset(collectors))


def test_each_collector_is_asked_once_a_slot_and_recorded() -> None:
    rig = Rig()
    assert rig.run(asking(Collector.STATUS, Collector.QUEUE)) == 2
    assert {name for _, name, _ in rig.asked} == {"status", "queue"}
    assert (rig.recorded, len(rig.observed)) == ([GOOD, GOOD], 2)


@pytest.mark.parametrize(("before", "timeouts"), [(60.0, [10.0]), (4.0, [4.0]), (0.05, [])])
def test_a_request_ends_before_the_next_slot_and_begins_not_just_before(
    before: float, timeouts: list[float]
) -> None:
    rig = Rig()
    rig.run(asking(), before)
    rig.run(asking(Collector.QUEUE), before)
    assert [round(given, 6) for _, _, given in rig.asked] == timeouts


def test_a_slow_collector_that_fills_the_slot_takes_turns_with_the_other() -> None:
    """Each has its turn in every other slot at the least, though neither ever fails."""
    rig, instance = Rig(), asking(Collector.STATUS, Collector.QUEUE)

    def slowly(instance: Instance) -> Collected:
        rig.clock.advance(rig.asked[-1][2] * 0.95)
        return GOOD

    rig.give = slowly
    for _ in range(6):
        rig.run(instance, before=1.0)
    assert [name for _, name, _ in rig.asked] == ["queue", "status"] * 3


def test_an_endpoint_that_is_not_there_is_asked_every_hour() -> None:
    rig = Rig()
    rig.give = lambda instance: Failure(Reason.NOT_FOUND, "not offered")
    minutes = int(MISSING_PAUSE / 60)
    assert rig.slots(asking(Collector.QUEUE), minutes + 1) == [1, *[0] * (minutes - 1), 1]


def test_a_failure_is_asked_again_at_once_and_then_ever_more_rarely() -> None:
    rig = Rig()
    rig.give = lambda instance: TIMEOUT
    made = rig.slots(asking(Collector.QUEUE), 30)
    at = [slot for slot, requests in enumerate(made) if requests]
    assert at[:2] == [0, 1]
    assert [later - sooner for sooner, later in pairwise(at[1:])][:4] == [2, 4, 5, 5]


def test_a_success_ends_the_waiting() -> None:
    rig = Rig()
    instance = asking(Collector.QUEUE)
    rig.give = lambda instance: TIMEOUT
    rig.slots(instance, 10)
    rig.give = lambda instance: MessageQueue(0, None)
    made = rig.slots(instance, 12)
    assert made[made.index(1) :] == [1] * (12 - made.index(1))


def test_failures_between_successes_are_not_in_a_row() -> None:
    rig = Rig()
    rig.give = lambda instance: TIMEOUT if len(rig.asked) % 2 else GOOD
    assert rig.slots(asking(Collector.QUEUE), 10, interval=50.0) == [1] * 10


def test_a_server_that_asks_for_a_wait_gets_it() -> None:
    rig = Rig()
    rig.give = lambda instance: Failure(Reason.RATE_LIMITED, "slower", retry_after=150.0)
    assert rig.slots(asking(Collector.QUEUE), 4) == [1, 0, 0, 1]


def test_one_collector_that_fails_leaves_the_other_alone() -> None:
    rig = Rig()
    instance = asking(Collector.STATUS, Collector.QUEUE)
    rig.give = lambda instance: TIMEOUT if rig.asked[-1][1] == "queue" else GOOD
    rig.slots(instance, 20)
    names = [name for _, name, _ in rig.asked]
    assert names.count("status") == 20
    assert names.count("queue") < 8


class Hanging:
    """Runs slots on threads of their own, of which each hangs in its request until :meth:`let_go`."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self._begun = rig, 0
        self._go, self._threads = threading.Event(), ThreadPoolExecutor()
        rig.give = self._hang

    def _hang(self, instance: Instance) -> Collected:
        self._begun += 1
        assert self._go.wait(60)
        return TIMEOUT

    def run(self, instance: Instance) -> bool:
        """Whether the request of a slot began, and now hangs."""
        before = self._begun
        slot = self._threads.submit(self._rig.run, instance)
        wait_until(lambda: slot.done() or self._begun > before)
        return not slot.done()

    def let_go(self) -> None:
        self._go.set()
        self._threads.shutdown()


def test_requests_that_hang_hold_no_more_than_their_places() -> None:
    rig = Rig(places=4)
    hanging = Hanging(rig)
    began = [hanging.run(asking(Collector.QUEUE, name=f"number {number}")) for number in range(4)]
    assert began == [True] * 4
    assert rig.run(asking(Collector.QUEUE, name="another")) == 0
    hanging.let_go()
    rig.give = lambda instance: GOOD
    assert rig.run(asking(Collector.QUEUE, name="another")) == 1


def test_those_that_failed_leave_places_to_the_others() -> None:
    rig = Rig(places=4)
    failing = [asking(Collector.QUEUE, name=f"number {number}") for number in range(3)]
    rig.give = lambda instance: TIMEOUT
    for instance in failing:
        rig.run(instance)
    rig.clock.advance(60.0)
    hanging = Hanging(rig)
    assert hanging.run(failing[0])
    assert rig.run(failing[1]) == 0
    rig.give = lambda instance: GOOD
    assert rig.run(asking(Collector.QUEUE, name="healthy")) == 1
    hanging.let_go()


def test_a_reload_forgets_what_is_no_longer_configured() -> None:
    rig = Rig()
    instance = asking(Collector.QUEUE)
    rig.give = lambda instance: Failure(Reason.NOT_FOUND, "not offered")
    rig.run(instance)
    for names, requests in (({"vendas"}, 0), (set[str](), 1)):
        rig.collectors.reconfigure(rig.ask, CollectorLimits(10.0, 60.0, 4), names)
        assert rig.run(instance) == requests
