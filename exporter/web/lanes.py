"""Blocking work on a few threads, shared fairly."""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_TRY_AGAIN: Final = 0.01
"""Seconds until work is handed in again that found no thread."""


@dataclass(slots=True)
class _Lane:
    gate: asyncio.Semaphore
    users: int = field(default=0)


class Lanes:
    """A bounded pool of threads in which no lane (a path, a client) may hold more than its share.

    Belongs to one event loop.
    """

    def __init__(self, threads: int, per_lane: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._pool.submit(_nothing)  # one thread now: when somebody asks the machine may have none left
        self._closed = False
        self._per_lane = per_lane
        self._lanes: dict[Hashable, _Lane] = {}

    def waiting(self, key: Hashable) -> int:
        """How many pieces of work of this lane are running or waiting."""
        lane = self._lanes.get(key)
        return lane.users if lane else 0

    async def run(self, key: Hashable, work: Callable[[], T]) -> T:
        """The result of ``work``, once a thread was free for it; raises what it raises."""
        lane = self._lanes.setdefault(key, _Lane(asyncio.Semaphore(self._per_lane)))
        lane.users += 1
        try:
            async with lane.gate:
                return await self._do(_Job(work))
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.pop(key, None)

    def close(self) -> None:
        """Takes no more work and drops what waits. Work that runs is not interrupted, nor waited for."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _do(self, job: "_Job[T]") -> T:
        while True:
            try:
                self._pool.submit(job).add_done_callback(job.dropped)
            except RuntimeError:  # the machine has no thread left; one of ours will be free again
                if self._closed:
                    raise
                await asyncio.sleep(_TRY_AGAIN)
                if not job.began:
                    continue
            return await asyncio.wrap_future(job.outcome)


class _Job(Generic[T]):
    """Work that is done once, however often it is handed in. ``outcome`` is what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self.began = False
        self.outcome: Future[T] = Future()

    def __call__(self) -> None:
        with self._lock:
            again, self.began = self.began, True
        if again or not self.outcome.set_running_or_notify_cancel():
            return
        try:
            self.outcome.set_result(self._work())
        except BaseException as error:
            self.outcome.set_exception(error)

    def dropped(self, submitted: "Future[None]") -> None:
        """Nobody will do it if the pool has cancelled it."""
        if submitted.cancelled():
            self.outcome.cancel()


def _nothing() -> None:
    pass
