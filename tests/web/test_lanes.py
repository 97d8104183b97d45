import asyncio
import threading
import time

import pytest

from exporter.web.lanes import Lanes


def test_work_is_done_where_the_machine_has_no_thread_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        lanes = Lanes(4, 4, "test")
        monkeypatch.setattr(threading.Thread, "start", no_thread)
        deadline = time.monotonic() + 20
        for _ in range(3):
            while not await does_work(lanes):  # its thread is not idle yet
                assert time.monotonic() < deadline
        lanes.close()

    asyncio.run(work())


async def does_work(lanes: Lanes) -> bool:
    try:
        await lanes.run("a", lambda: None)
    except RuntimeError:
        return False
    return True


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
