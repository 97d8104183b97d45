"""A few threads for work that blocks, shared fairly."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

from exporter.model.clock import Clock

T = TypeVar("T")
_Jobs = dict["Future[Any]", Callable[[], Any]]


class FairThreadPool:
    """At most ``threads`` threads, and at least one. They never keep the process from ending.

    Work has a key, such as a path or a client's address: at most ``per_key`` pieces of one key run at once, and
    the key with the fewest waiting goes first. Among those that wait for one key the newest goes first: whoever
    waits longest under overload has most likely given up.
    """

    def __init__(self, threads: int, per_key: int, name: str, clock: Clock) -> None:
        """Raise :class:`RuntimeError` where the machine has not one thread left."""
        self._threads = threads
        self._per_key = per_key
        self._name = name
        self._clock = clock
        self._started = 0
        self._running: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, _Jobs] = {}
        self._changed = threading.Condition()
        self._last_begun = clock.monotonic()
        self._closed = False
        self._start_thread()

    def submit(self, key: Hashable, work: Callable[[], T]) -> "Future[T]":
        """Return the outcome to come; cancelling it takes the work out of the queue.

        Raise :class:`RuntimeError` after :meth:`close`.
        """
        outcome: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if not self._waiting:
                self._last_begun = self._clock.monotonic()
            self._waiting.setdefault(key, {})[outcome] = work
            busy = self._running.total() + sum(map(len, self._waiting.values()))
            if self._started < min(busy, self._threads):
                with contextlib.suppress(
                    RuntimeError
                ):  # the machine has no thread left: those there are do it
                    self._start_thread()
            self._changed.notify()
        outcome.add_done_callback(lambda _: self._forget(key, outcome))
        return outcome

    async def run(self, key: Hashable, work: Callable[[], T], timeout: float | None = None) -> T:
        """Return what ``work`` returns, and raise what it raises.

        Raise :class:`asyncio.TimeoutError` after ``timeout`` seconds; work that has begun is then not interrupted.
        """
        submitted = self.submit(key, work)
        outcome = asyncio.wrap_future(submitted)
        try:
            await asyncio.wait({outcome}, timeout=timeout)
            if not outcome.done():
                raise asyncio.TimeoutError
            return outcome.result()
        finally:
            submitted.cancel()
            outcome.cancel()

    def stuck_for(self) -> float:
        """Return the seconds since work was last begun, while every thread is busy and more work waits; else 0."""
        with self._changed:
            if not self._waiting or self._running.total() < self._started:
                return 0.0
            return self._clock.monotonic() - self._last_begun

    def close(self) -> None:
        """Take no more work and cancel what waits. Work that runs is neither interrupted nor waited for."""
        with self._changed:
            self._closed = True
            waiting = [outcome for jobs in self._waiting.values() for outcome in jobs]
            self._waiting.clear()
            self._changed.notify_all()
        for outcome in waiting:
            outcome.cancel()

    def _start_thread(self) -> None:
        threading.Thread(target=self._work, name=f"{self._name}_{self._started}", daemon=True).start()
        self._started += 1

    def _work(self) -> None:
        while self._do_next():
            pass  # no name keeps what was done: a response is large

    def _do_next(self) -> bool:
        """Wait for work and do it; return False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._ready())
            if self._closed:
                return False
            key = min(self._ready(), key=lambda ready: len(self._waiting[ready]))
            outcome, work = self._waiting[key].popitem()
            if not self._waiting[key]:
                del self._waiting[key]
            self._running[key] += 1
            self._last_begun = self._clock.monotonic()
        _settle(outcome, work)
        with self._changed:
            self._running -= Counter([key])
        return True

    def _ready(self) -> list[Hashable]:
        """Return the keys whose work may begin, the newest first."""
        return [key for key in reversed(self._waiting) if self._running[key] < self._per_key]

    def _forget(self, key: Hashable, outcome: "Future[Any]") -> None:
        """Take work that was cancelled out of the queue."""
        if outcome.cancelled():
            with self._changed:
                jobs = self._waiting.get(key, {})
                if jobs.pop(outcome, None) is not None and not jobs:
                    del self._waiting[key]


def _settle(outcome: "Future[Any]", work: Callable[[], Any]) -> None:
    if outcome.set_running_or_notify_cancel():
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)
