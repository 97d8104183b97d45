"""A few threads, shared fairly, whatever the machine or the work does."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from exporter.httpd.worker_pool import FairThreadPool
from harness.waiting import wait_until
from tests.clocks import ManualClock

PATIENCE = 60.0
NAME = "test-pool"
CLOCK = ManualClock()
_Use = Callable[[FairThreadPool], Awaitable[None]]


def pooled(threads: int = 4, per_key: int = 4) -> Callable[[_Use], Callable[[], None]]:
    """Make a test of what uses a pool: within an event loop, and until its threads have ended."""

    def decorate(use: _Use) -> Callable[[], None]:
        async def with_pool() -> None:
            pool = FairThreadPool(threads, per_key, NAME, CLOCK)
            try:
                await use(pool)
            finally:
                pool.close()

        def test() -> None:
            asyncio.run(asyncio.wait_for(with_pool(), PATIENCE))
            wait_until(lambda: not alive())

        return test

    return decorate


class Held:
    """The only thread of a pool, busy until it is released."""

    def __init__(self, pool: FairThreadPool) -> None:
        self.pool = pool
        self.release, self._begun = threading.Event(), asyncio.Event()
        self.busy = asyncio.create_task(pool.run("busy", partial(self._work, asyncio.get_running_loop())))
        self.done: list[str] = []

    async def begun(self) -> "Held":
        await self._begun.wait()
        return self

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon_threadsafe(self._begun.set)
        self.release.wait(PATIENCE)

    def note(self, key: str, name: str, timeout: float | None = None) -> Coroutine[Any, Any, None]:
        return self.pool.run(key, partial(self.done.append, name), timeout)


def alive() -> list[bool]:
    """The threads of the pool; of each, whether the process may end while it works."""
    return [thread.daemon for thread in threading.enumerate() if thread.name.startswith(NAME)]


@pooled()
async def test_all_threads_work_at_once(pool: FairThreadPool) -> None:
    meeting = threading.Barrier(4)
    places = await asyncio.gather(*(pool.run("", partial(meeting.wait, PATIENCE)) for _ in range(12)))
    assert sorted(places) == sorted([0, 1, 2, 3] * 3)
    assert alive() == [True] * 4


@pooled(per_key=2)
async def test_one_key_holds_no_more_than_its_share(pool: FairThreadPool) -> None:
    release, running = threading.Event(), threading.Semaphore(2)

    def slow() -> bool:
        alone = running.acquire(blocking=False)
        release.wait(PATIENCE)
        running.release()
        return alone

    flood = [asyncio.create_task(pool.run("slow", slow)) for _ in range(10)]
    assert await pool.run("other", lambda: "done") == "done"
    release.set()
    assert all(await asyncio.gather(*flood))


@pooled(threads=1, per_key=1)
async def test_the_newest_goes_first_and_the_key_with_the_fewest(pool: FairThreadPool) -> None:
    held = await Held(pool).begun()
    waiting = [asyncio.create_task(held.note("flood", f"flood-{number}")) for number in range(3)]
    waiting += [asyncio.create_task(held.note(name, name)) for name in ("good", "newest")]
    await asyncio.sleep(0)
    held.release.set()
    await asyncio.gather(held.busy, *waiting)
    assert held.done == ["newest", "good", "flood-2", "flood-1", "flood-0"]


@pooled(threads=1, per_key=1)
async def test_who_is_cancelled_while_waiting_leaves_the_queue(pool: FairThreadPool) -> None:
    class Work:
        def __call__(self) -> None:
            pytest.fail("it was cancelled before its turn")

    held = await Held(pool).begun()
    work = Work()
    kept = weakref.ref(work)
    waiting = asyncio.create_task(pool.run("a", work))
    del work
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    del waiting
    gc.collect()
    assert kept() is None
    held.release.set()
    await held.note("a", "wanted")
    assert held.done == ["wanted"]


@pooled(threads=1, per_key=1)
async def test_who_is_cancelled_while_the_work_runs_gives_the_thread_back(pool: FairThreadPool) -> None:
    held = await Held(pool).begun()
    held.busy.cancel()
    await asyncio.wait({held.busy})
    waiting = asyncio.create_task(held.note("busy", "next"))
    await asyncio.sleep(0)
    assert held.done == [], "what runs still holds its key and its thread"
    held.release.set()
    await waiting
    assert held.done == ["next"]


@pooled(threads=1, per_key=1)
async def test_waiting_has_an_end(pool: FairThreadPool) -> None:
    held = await Held(pool).begun()
    with pytest.raises(asyncio.TimeoutError):
        await held.note("a", "late", timeout=0.0)
    held.release.set()
    assert await pool.run("a", lambda: "result") == "result"
    with pytest.raises(ZeroDivisionError):
        await pool.run("a", lambda: 1 // 0)
    assert held.done == []


@pooled(threads=1, per_key=1)
async def test_a_pool_is_stuck_while_work_waits_and_no_thread_is_free(pool: FairThreadPool) -> None:
    held = await Held(pool).begun()
    CLOCK.advance(100.0)
    assert pool.stuck_for() == 0.0  # nobody waits
    waiting, newest = asyncio.create_task(held.note("busy", "waiting")), Held(pool)
    await asyncio.sleep(0)
    CLOCK.advance(5.0)
    assert pool.stuck_for() == 5.0
    held.release.set()
    await newest.begun()
    CLOCK.advance(3.0)
    assert pool.stuck_for() == 3.0  # since other work was begun
    newest.release.set()
    await asyncio.gather(held.busy, newest.busy, waiting)
    assert pool.stuck_for() == 0.0


@pytest.mark.parametrize("left", [0, 3])
def test_a_machine_with_too_few_threads_is_an_error(monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    start, started = threading.Thread.start, list[threading.Thread]()

    def start_few(thread: threading.Thread) -> None:
        if len(started) == left:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_few)
    with pytest.raises(RuntimeError, match="new thread"):
        pooled()(lambda pool: pool.run("", lambda: None))()


@pooled(threads=1)
async def test_a_thread_outlives_whatever_its_work_raises(pool: FairThreadPool) -> None:
    for error in (MemoryError(), KeyError(), asyncio.CancelledError()):

        def fail(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)):
            await pool.run("", fail)
    assert await pool.run("", lambda: "alive") == "alive"


@pooled(threads=1)
async def test_an_idle_thread_keeps_nothing_of_what_it_did(pool: FairThreadPool) -> None:
    class Answer:
        """Large."""

    answer = weakref.ref(await pool.run("", Answer))
    while answer() is not None:
        gc.collect()
        await asyncio.sleep(0)


@pooled(threads=1)
async def test_who_closes_does_not_wait_for_work_that_hangs(pool: FairThreadPool) -> None:
    held = await Held(pool).begun()
    pool.close()
    assert alive() == [True]
    held.release.set()
