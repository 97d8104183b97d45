"""What a thread does between two signals, with a clock that is told to move."""

import signal
import threading
from collections.abc import Callable

import pytest

from exporter.model.clock import SystemClock
from exporter.process.main_loop import ReloadLoop, run_until_signal
from harness.waiting import wait_until
from tests.clocks import ManualClock


class Counting:
    """A duty that is always due."""

    def __init__(self) -> None:
        self.due = 0.0
        self.times = 0

    def run(self) -> None:
        self.times += 1


def coming(*signals: set[int]) -> Callable[[float], frozenset[int]]:
    """A wait that gives one of these each time."""
    waits = iter(signals)
    return lambda timeout: frozenset(next(waits))


def never() -> None:
    pytest.fail("nobody asked for a reload")


def test_duties_are_done_until_a_signal_says_to_stop() -> None:
    duty = Counting()
    run_until_signal(coming(set(), set(), {signal.SIGTERM}), never, [duty], SystemClock())
    assert duty.times == 2


@pytest.mark.parametrize("ending", [{signal.SIGTERM}, {signal.SIGINT}, {signal.SIGHUP, signal.SIGTERM}])
def test_sighup_reloads_and_every_other_signal_ends_it(ending: set[int]) -> None:
    reloads, duty = Counting(), Counting()
    run_until_signal(
        coming({signal.SIGHUP}, set(), {signal.SIGHUP}, ending), reloads.run, [duty], SystemClock()
    )
    assert (reloads.times, duty.times) == (2, 3)


def test_it_wakes_up_for_the_first_duty_that_is_due() -> None:
    duties, waits = [Counting(), Counting(), Counting()], []
    clock = ManualClock(monotonic=100.0)
    for duty, due in zip(duties, (130.0, 103.0, 160.0), strict=True):
        duty.due = due

    def wait(timeout: float) -> frozenset[int]:
        waits.append(timeout)
        return frozenset({signal.SIGTERM})

    run_until_signal(wait, never, duties, clock)
    run_until_signal(wait, never, [], clock)
    clock.advance(10)
    run_until_signal(wait, never, duties, clock)
    assert waits == [3.0, 3600.0, 0.0]
    assert [duty.times for duty in duties] == [0, 0, 0]


def test_a_reload_that_fails_is_told_of_and_does_not_end_reloading(
    caplog: pytest.LogCaptureFixture,
) -> None:
    times, failures = threading.Semaphore(0), [MemoryError("c4n4ry")]

    def reload() -> None:
        times.release()
        if failures:
            raise failures.pop()

    loop = ReloadLoop(reload, [], SystemClock())
    loop.start()
    for _ in range(2):
        loop.request()
        assert times.acquire(timeout=60)
    loop.stop()
    assert loop.failure() is None
    assert [vars(record)["error"] for record in caplog.records] == ["MemoryError"]


def test_a_task_that_ends_the_reload_thread_is_a_failure_that_is_named() -> None:
    class Failing(Counting):
        def run(self) -> None:
            raise MemoryError

    loop = ReloadLoop(never, [Failing()], SystemClock())
    assert loop.failure() is None
    loop.start()
    wait_until(lambda: loop.failure() == "the reload thread has stopped")


def test_reloads_of_the_background_share_the_next_one() -> None:
    begun, go_on, reloads = threading.Semaphore(0), threading.Semaphore(0), []

    def reload() -> None:
        reloads.append(threading.current_thread())
        begun.release()
        go_on.acquire()

    loop = ReloadLoop(reload, [], SystemClock())
    loop.start()
    loop.request()
    begun.acquire()
    for _ in range(5):
        loop.request()
    go_on.release()
    begun.acquire()
    loop.stop()
    go_on.release()
    reloads[0].join(60)
    assert [(thread.name, thread.daemon) for thread in reloads] == [("reload", True)] * 2
