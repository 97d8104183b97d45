"""What a thread does between two signals, with a clock that is told to move."""

import signal
import threading

import pytest

from exporter.process.main_loop import ReloadLoop, run_until_signal
from harness.waiting import wait_until
from tests.clocks import ManualClock


class Counting:
    """A duty that is due every 50 seconds."""

    def __init__(self, due: float = 0.0) -> None:
        self.due = due
        self.times = 0

    def run(self) -> None:
        self.times += 1
        self.due += 50.0


def never() -> None:
    pytest.fail("nobody asked for a reload")


@pytest.mark.parametrize("ending", [{signal.SIGTERM}, {signal.SIGINT}, {signal.SIGHUP, signal.SIGTERM}])
def test_sighup_reloads_and_every_other_signal_ends_it(ending: set[int]) -> None:
    reloads, duty = Counting(), Counting()
    came = iter(({signal.SIGHUP}, set(), {signal.SIGHUP}, ending))
    run_until_signal(lambda timeout: frozenset(next(came)), reloads.run, [duty], ManualClock())
    assert (reloads.times, duty.times) == (2, 3)


@pytest.mark.parametrize(
    ("dues", "waits"),
    [
        ((), [3600.0, 3600.0, 3600.0]),
        ((130.0, 103.0, 160.0), [3.0, 27.0, 23.0]),
        ((90.0,), [0.0, 40.0, 50.0]),
        ((5000.0,), [3600.0, 1300.0, 50.0]),
    ],
)
def test_it_wakes_up_for_the_first_duty_that_is_due(dues: tuple[float, ...], waits: list[float]) -> None:
    clock, waited = ManualClock(monotonic=100.0), list[float]()

    def wait(timeout: float) -> frozenset[int]:
        waited.append(timeout)
        clock.advance(timeout)
        return frozenset({signal.SIGTERM} if len(waited) == 3 else ())

    run_until_signal(wait, never, [Counting(due) for due in dues], clock)
    assert waited == waits


def test_a_task_that_ends_the_reload_thread_is_a_named_failure(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Counting):
        def run(self) -> None:
            raise SystemExit

    loop = ReloadLoop(never, [Failing()], ManualClock())
    assert loop.failure() is None
    loop.start()
    wait_until(lambda: [vars(record)["error"] for record in caplog.records] == ["SystemExit"])
    assert loop.failure() == "the reload thread has stopped"


def test_requests_during_a_reload_share_the_next_even_if_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    begun, go_on, reloads = threading.Semaphore(0), threading.Semaphore(0), []

    def reload() -> None:
        reloads.append(threading.current_thread())
        begun.release()
        assert go_on.acquire(timeout=60)
        if len(reloads) == 1:
            raise MemoryError("c4n4ry")

    loop = ReloadLoop(reload, [], ManualClock())
    loop.start()
    loop.request()
    assert begun.acquire(timeout=60)
    for _ in range(5):
        loop.request()
    go_on.release()
    assert begun.acquire(timeout=60)
    loop.stop()
    go_on.release()
    reloads[0].join(60)
    assert [(thread.name, thread.daemon) for thread in reloads] == [("reload", True)] * 2
    assert [vars(record)["error"] for record in caplog.records] == ["MemoryError"]
    assert loop.failure() is None
