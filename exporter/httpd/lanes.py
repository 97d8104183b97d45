"""Blocking work on a few threads, shared fairly."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from exporter.httpd.worker_pool import Threads

T = TypeVar("T")


@dataclass(slots=True)
class _Lane:
    gate: asyncio.Semaphore
    users: int = field(default=0)


class Lanes:
    """A bounded pool of threads in which no lane (a path, a client) may hold more than its share.

    Belongs to one event loop.
    """

    def __init__(self, threads: int, per_lane: int, name: str) -> None:
        """Raises :class:`RuntimeError` where the machine has not one thread left."""
        self._threads = Threads(threads, name)
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
                return await asyncio.wrap_future(self._threads.submit(work))
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.pop(key, None)

    def close(self) -> None:
        """Takes no more work and drops what waits. Work that runs is not interrupted, nor waited for."""
        self._threads.close()
