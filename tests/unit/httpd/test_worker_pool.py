"""A few threads, shared fairly, whatever the machine or the work does."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from exporter.httpd.worker_pool import FairThreadPool
from exporter.model.clock import Clock, SystemClock
from harness.waiting import wait_until
from tests.clocks import ManualClock

PATIENCE = 60.0
NAME = "test-pool"


def pooled(
    use: Callable[[FairThreadPool], Awaitable[None]],
    threads: int = 4,
    per_key: int = 4,
    clock: Clock | None = None,
) -> None:
    """Use a pool within an event loop, and see its threads end."""

    async def with_pool() -> None:
        pool = FairThreadPool(threads, per_key, NAME, clock or SystemClock())
        try:
            await use(pool)
        finally:
            pool.close()

    asyncio.run(asyncio.wait_for(with_pool(), PATIENCE))
    wait_until(lambda: not alive())


class Held:
    """The only thread of a pool, busy until it is released."""

    def __init__(self, pool: FairThreadPool) -> None:
        self.pool = pool
        self.release = threading.Event()
        self.done: list[str] = []

    async def hold(self) -> "asyncio.Task[bool]":
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> bool:
            loop.call_soon_threadsafe(begun.set)
            return self.release.wait(PATIENCE)

        busy = asyncio.create_task(self.pool.run("busy", work))
        await begun.wait()
        return busy

    def note(self, key: str, name: str, timeout: float | None = None) -> Coroutine[Any, Any, None]:
        return self.pool.run(key, partial(self.done.append, name), timeout)


def alive() -> int:
    return sum(thread.name.startswith(NAME) for thread in threading.enumerate())


def test_all_threads_work_at_once() -> None:
    async def use(pool: FairThreadPool) -> None:
        meeting = threading.Barrier(4)
        places = await asyncio.gather(*(pool.run("", partial(meeting.wait, PATIENCE)) for _ in range(12)))
        assert sorted(places) == sorted([0, 1, 2, 3] * 3)
        assert alive() == 4

    pooled(use)


def test_one_key_holds_no_more_than_its_share() -> None:
    async def use(pool: FairThreadPool) -> None:
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

    pooled(use, per_key=2)


def test_the_newest_goes_first_and_the_key_with_the_fewest() -> None:
    async def use(pool: FairThreadPool) -> None:
        held = Held(pool)
        busy = await held.hold()
        waiting = [asyncio.create_task(held.note("flood", f"flood-{number}")) for number in range(3)]
        waiting.append(asyncio.create_task(held.note("good", "good")))
        await asyncio.sleep(0)
        held.release.set()
        await asyncio.gather(busy, *waiting)
        assert held.done == ["good", "flood-2", "flood-1", "flood-0"]

    pooled(use, threads=1, per_key=1)


def test_who_is_cancelled_while_waiting_leaves_the_queue() -> None:
    """Who is cancelled while waiting leaves the queue and nothing behind."""

    class Work:
        def __call__(self) -> None:
            pytest.fail("it was cancelled before its turn")

    async def use(pool: FairThreadPool) -> None:
        held = Held(pool)
        await held.hold()
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

    pooled(use, threads=1, per_key=1)


def test_who_is_cancelled_while_the_work_runs_gives_the_thread_back() -> None:
    async def use(pool: FairThreadPool) -> None:
        held = Held(pool)
        busy = await held.hold()
        busy.cancel()
        await asyncio.wait({busy})
        waiting = asyncio.create_task(held.note("busy", "next"))
        await asyncio.sleep(0)
        assert held.done == [], "what runs still holds its key and its thread"
        held.release.set()
        await waiting
        assert held.done == ["next"]

    pooled(use, threads=1, per_key=1)


def test_waiting_has_an_end() -> None:
    async def use(pool: FairThreadPool) -> None:
        held = Held(pool)
        await held.hold()
        with pytest.raises(asyncio.TimeoutError):
            await held.note("a", "late", timeout=0.0)
        held.release.set()
        assert await pool.run("a", lambda: "result") == "result"
        with pytest.raises(ZeroDivisionError):
            await pool.run("a", lambda: 1 // 0)
        assert held.done == []

    pooled(use, threads=1, per_key=1)


def test_a_pool_is_stuck_while_work_waits_and_no_thread_is_free() -> None:
    clock = ManualClock()

    async def use(pool: FairThreadPool) -> None:
        held = Held(pool)
        busy = await held.hold()
        clock.advance(100.0)
        assert pool.stuck_for() == 0.0  # nobody waits
        waiting = asyncio.create_task(held.note("b", "waiting"))
        await asyncio.sleep(0)
        clock.advance(5.0)
        assert pool.stuck_for() == 5.0
        held.release.set()
        await asyncio.gather(busy, waiting)
        assert pool.stuck_for() == 0.0

    pooled(use, threads=1, per_key=1, clock=clock)


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
        pooled(lambda pool: pool.run("", lambda: None))


def test_a_thread_outlives_whatever_its_work_raises() -> None:
    async def use(pool: FairThreadPool) -> None:
        for error in (MemoryError(), KeyError(), asyncio.CancelledError()):

            def fail(error: BaseException = error) -> None:
                raise error

            with pytest.raises(type(error)):
                await pool.run("", fail)
        assert await pool.run("", lambda: "alive") == "alive"

    pooled(use, threads=1)


def test_an_idle_thread_keeps_nothing_of_what_it_did() -> None:
    class Answer:
        """Large."""

    async def use(pool: FairThreadPool) -> None:
        answer = weakref.ref(await pool.run("", Answer))
        while answer() is not None:
            gc.collect()
            await asyncio.sleep(0)

    pooled(use, threads=1)


def test_work_that_hangs_does_not_keep_the_process() -> None:
    code = (
        "import asyncio, threading\n"
        "from exporter.httpd.worker_pool import FairThreadPool\n"
        "from exporter.model.clock import SystemClock\n"
        "async def main():\n"
        "    pool, begun = FairThreadPool(1, 1, 'hangs', SystemClock()), threading.Event()\n"
        "    hanging = asyncio.create_task(pool.run('', lambda: (begun.set(), threading.Event().wait())))\n"
        "    await asyncio.sleep(0)\n"
        "    begun.wait(); pool.close()\n"
        "asyncio.run(main())\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
