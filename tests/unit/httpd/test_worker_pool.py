"""A few threads, shared fairly, whatever the machine or the work does."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial

import pytest

from exporter.httpd.worker_pool import FairThreadPool
from exporter.model.clock import SystemClock
from harness.waiting import wait_until
from tests.clocks import ManualClock

PATIENCE = 20.0
NAME = "test-pool"


class Pool(FairThreadPool):
    """Four threads, with one key for work that does not care."""

    def __init__(self, threads: int = 4, per_key: int = 4) -> None:
        super().__init__(threads, per_key, NAME, SystemClock())


@pytest.fixture
def pool() -> Iterator[FairThreadPool]:
    four = Pool()
    yield four
    four.close()
    wait_until(lambda: not alive())


@pytest.fixture
def held() -> Iterator["Held"]:
    one = Held()
    yield one
    one.release.set()
    one.pool.close()


class Held:
    """A pool whose only thread is busy until it is released."""

    def __init__(self) -> None:
        self.pool = Pool(threads=1, per_key=1)
        self.release = threading.Event()
        self.done: list[str] = []
        begun = threading.Event()
        self.busy = self.pool.submit("busy", partial(hold, begun, self.release))
        assert begun.wait(PATIENCE)

    def submit(self, key: str, name: str) -> "Future[None]":
        return self.pool.submit(key, partial(self.done.append, name))


def hold(begun: threading.Event, release: threading.Event) -> bool:
    begun.set()
    return release.wait(PATIENCE)


def alive() -> int:
    return sum(thread.name.startswith(NAME) for thread in threading.enumerate())


def test_one_thread_is_there_from_the_start(pool: FairThreadPool) -> None:
    assert alive() == 1


def test_as_many_threads_as_allowed_work_at_once(pool: FairThreadPool) -> None:
    for _ in range(50):
        pool.submit("", gc.isenabled).result(PATIENCE)
    meeting = threading.Barrier(4)
    outcomes = [pool.submit("", lambda: meeting.wait(PATIENCE)) for _ in range(12)]
    assert sorted(outcome.result(PATIENCE) for outcome in outcomes) == sorted([0, 1, 2, 3] * 3)
    assert alive() == 4


def test_one_key_holds_no_more_than_its_share() -> None:
    pool, release = Pool(threads=4, per_key=2), threading.Event()
    slow = [pool.submit("slow", lambda: release.wait(PATIENCE)) for _ in range(10)]
    assert pool.submit("other", lambda: "done").result(PATIENCE) == "done"
    assert sum(outcome.running() for outcome in slow) <= 2
    release.set()
    assert all(outcome.result(PATIENCE) for outcome in slow)
    pool.close()


def test_the_newest_goes_first_and_the_key_with_the_fewest(held: Held) -> None:
    outcomes = [held.submit("flood", f"flood-{number}") for number in range(3)]
    outcomes.append(held.submit("good", "good"))
    held.release.set()
    for outcome in outcomes:
        outcome.result(PATIENCE)
    assert held.done == ["good", "flood-2", "flood-1", "flood-0"]


def test_work_cancelled_before_its_turn_is_neither_done_nor_kept(held: Held) -> None:
    class Work:
        def __call__(self) -> None:
            held.done.append("cancelled")

    work = Work()
    kept = weakref.ref(work)
    outcome = held.pool.submit("a", work)
    del work
    assert outcome.cancel()
    del outcome
    gc.collect()
    assert kept() is None
    wanted = held.submit("a", "wanted")
    held.release.set()
    wanted.result(PATIENCE)
    assert held.done == ["wanted"]


def test_a_pool_is_stuck_while_work_waits_and_no_thread_is_free() -> None:
    clock, begun, release = ManualClock(), threading.Event(), threading.Event()
    pool = FairThreadPool(1, 1, NAME, clock)
    busy = pool.submit("a", partial(hold, begun, release))
    assert begun.wait(PATIENCE)
    clock.advance(100.0)
    assert pool.stuck_for() == 0.0  # nobody waits
    waiting = pool.submit("b", lambda: None)
    clock.advance(5.0)
    assert pool.stuck_for() == 5.0
    release.set()
    waiting.result(PATIENCE)
    assert busy.done()
    wait_until(lambda: pool.stuck_for() == 0.0)
    pool.close()


def test_a_machine_without_even_one_thread_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(RuntimeError):
        Pool()


def test_all_work_is_done_where_the_machine_has_no_other_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, done = Pool(), list[int]()
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    for outcome in [pool.submit(number % 3, partial(done.append, number)) for number in range(50)]:
        outcome.result(PATIENCE)
    assert sorted(done) == list(range(50))
    pool.close()


def test_a_thread_outlives_whatever_its_work_raises(
    pool: FairThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(SystemExit):
        pool.submit("", sys.exit).result(PATIENCE)
    assert pool.submit("", lambda: "alive").result(PATIENCE) == "alive"


def test_an_idle_thread_keeps_nothing_of_what_it_did(pool: FairThreadPool) -> None:
    class Answer:
        """Large."""

    outcome = pool.submit("", Answer)
    answer = weakref.ref(outcome.result(PATIENCE))
    del outcome

    def forgotten() -> bool:
        gc.collect()
        return answer() is None

    wait_until(forgotten)


def test_work_that_hangs_does_not_keep_the_process() -> None:
    code = (
        "import threading\n"
        "from exporter.httpd.worker_pool import FairThreadPool\n"
        "from exporter.model.clock import SystemClock\n"
        "pool, begun = FairThreadPool(1, 1, 'hangs', SystemClock()), threading.Event()\n"
        "pool.submit('', lambda: (begun.set(), threading.Event().wait()))\n"
        "begun.wait(); pool.close()\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_waiting_in_the_event_loop_holds_no_thread_and_has_an_end(held: Held) -> None:
    async def wait() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await held.pool.run("a", partial(held.done.append, "late"), timeout=0.0)
        held.release.set()
        assert await held.pool.run("a", lambda: "result") == "result"
        with pytest.raises(ZeroDivisionError):
            await held.pool.run("a", lambda: 1 // 0)

    asyncio.run(asyncio.wait_for(wait(), PATIENCE))
    assert held.done == []


def test_who_is_cancelled_while_waiting_leaves_the_queue(held: Held) -> None:
    async def wait() -> None:
        waiting = asyncio.ensure_future(held.pool.run("a", partial(held.done.append, "cancelled")))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        held.release.set()
        await held.pool.run("a", partial(held.done.append, "wanted"))

    asyncio.run(asyncio.wait_for(wait(), PATIENCE))
    assert held.done == ["wanted"]


def test_closing_drops_what_waits_and_takes_no_more(held: Held) -> None:
    waiting = held.submit("a", "waiting")
    held.pool.close()
    assert waiting.cancelled()
    with pytest.raises(RuntimeError):
        held.submit("a", "more")
    held.release.set()
    assert held.busy.result(PATIENCE)
    assert held.done == []


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
