import asyncio
import threading
from functools import partial

import pytest

from exporter.httpd.lanes import Lanes


def test_work_is_done_once_each_where_the_machine_has_no_thread_left(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    async def work() -> None:
        lanes = Lanes(4, 4, "test")
        monkeypatch.setattr(threading.Thread, "start", no_thread)
        await asyncio.gather(*(lanes.run(number % 3, partial(done.append, number)) for number in range(50)))
        lanes.close()

    asyncio.run(asyncio.wait_for(work(), 20))
    assert sorted(done) == list(range(50))


def test_work_that_waits_at_the_end_is_dropped() -> None:
    began, release = threading.Event(), threading.Event()

    def hold() -> bool:
        began.set()
        return release.wait(20)

    async def work() -> None:
        lanes = Lanes(1, 1, "test")
        running = asyncio.ensure_future(lanes.run("a", hold))
        while not began.is_set():
            await asyncio.sleep(0)
        waiting = asyncio.ensure_future(lanes.run("b", lambda: None))
        while not lanes.waiting("b"):
            await asyncio.sleep(0)
        lanes.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        release.set()
        assert await running

    asyncio.run(asyncio.wait_for(work(), 20))


def test_what_work_raises_is_raised() -> None:
    async def work() -> None:
        lanes = Lanes(4, 4, "test")
        try:
            await lanes.run("a", lambda: 1 // 0)
        finally:
            lanes.close()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(work())


def test_work_that_comes_after_the_end_is_refused() -> None:
    async def work() -> None:
        lanes = Lanes(4, 4, "test")
        lanes.close()
        await lanes.run("a", lambda: None)

    with pytest.raises(RuntimeError):
        asyncio.run(asyncio.wait_for(work(), 20))


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
