"""A few threads for work that blocks, shared fairly."""

import asyncio
import contextlib
import queue
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from exporter.model.clock import Clock

T = TypeVar("T")
_Outcome = asyncio.Future[Any]
_Work = Callable[[], Any]


class FairThreadPool:
    """Threads that do blocking work for one event loop. They do not keep the process alive.

    Work has a key, such as a path or a client's address: at most ``per_key`` pieces of one key run at once, and the key
    with the fewest waiting goes first. Within a key, the newest work goes first: under overload, the client that has
    waited longest has most likely given up.
    """

    def __init__(self, threads: int, per_key: int, name: str, clock: Clock) -> None:
        """Raise :class:`RuntimeError` where the machine has too few threads left, or no event loop runs."""
        self._loop = asyncio.get_running_loop()
        self._threads = threads
        self._per_key = per_key
        self._clock = clock
        self._busy = 0
        self._running: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, dict[_Outcome, _Work]] = {}
        self._begun: queue.SimpleQueue[tuple[Hashable, _Outcome, _Work] | None] = queue.SimpleQueue()
        self._last_begun = 0.0
        try:
            for number in range(threads):
                threading.Thread(target=self._work, name=f"{name}_{number}", daemon=True).start()
        except RuntimeError:
            self.close()
            raise

    async def run(self, key: Hashable, work: Callable[[], T], timeout: float | None = None) -> T:
        """Return what ``work`` returns, and raise what it raises.

        Raise :class:`asyncio.TimeoutError` after ``timeout`` seconds. Work that has begun is never interrupted.
        """
        outcome: asyncio.Future[T] = self._loop.create_future()
        if not self._waiting:
            self._last_begun = self._clock.monotonic()
        self._waiting.setdefault(key, {})[outcome] = work
        self._begin()
        try:
            await asyncio.wait({outcome}, timeout=timeout)
            if not outcome.done():
                raise asyncio.TimeoutError
            return outcome.result()
        finally:
            outcome.cancel()
            self._take(key, outcome)

    def stuck_for(self) -> float:
        """Return the seconds since work was last begun, while every thread is busy and more work waits; else 0.

        May be called on any thread.
        """
        is_stuck = self._busy == self._threads and self._waiting
        return self._clock.monotonic() - self._last_begun if is_stuck else 0.0

    def close(self) -> None:
        """Stop every thread after its current work. No caller may still be waiting."""
        for _ in range(self._threads):
            self._begun.put(None)

    def _begin(self) -> None:
        """Begin the work that may run now."""
        while self._busy < self._threads:
            ready = [key for key in reversed(self._waiting) if self._running[key] < self._per_key]
            if not ready:
                return
            key = min(ready, key=lambda each: len(self._waiting[each]))
            outcome = next(reversed(self._waiting[key]))
            self._busy += 1
            self._running[key] += 1
            self._last_begun = self._clock.monotonic()
            self._begun.put((key, outcome, self._take(key, outcome)))

    def _take(self, key: Hashable, outcome: _Outcome) -> _Work:
        """Remove waiting work from the queue and return it; return a no-op if it is not waiting."""
        jobs = self._waiting.get(key, {})
        work = jobs.pop(outcome, lambda: None)
        if not jobs:
            self._waiting.pop(key, None)
        return work

    def _work(self) -> None:
        while (job := self._begun.get()) is not None:
            key, outcome, work = job
            result, failure = None, None
            try:
                result = work()
            except BaseException as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the event loop has ended
                self._loop.call_soon_threadsafe(self._end, key, outcome, result, failure)
            del job, outcome, work, result, failure  # nothing is kept until the next: a response is large

    def _end(self, key: Hashable, outcome: _Outcome, result: object, failure: BaseException | None) -> None:
        self._busy -= 1
        self._running -= Counter([key])
        if failure is not None and not outcome.done():
            outcome.set_exception(failure)
        elif not outcome.done():
            outcome.set_result(result)
        self._begin()
