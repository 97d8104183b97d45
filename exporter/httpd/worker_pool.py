"""A few threads for work that blocks, each started when those before it are busy."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Threads:
    """At most ``most`` threads, and at least one. Where the machine has no other left, those there are do the work.

    They never keep the process from ending.
    """

    def __init__(self, most: int, name: str) -> None:
        """Raises :class:`RuntimeError` where the machine has not one thread left."""
        self._most = most
        self._name = name
        self._started = 0
        self._changed = threading.Condition()
        self._waiting: deque[_Job[Any]] = deque()
        self._unfinished = 0
        self._closed = False
        self._start_one()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """What comes of ``work``, which is begun in turn. Raises :class:`RuntimeError` after :meth:`close`."""
        job = _Job(work, Future())
        with self._changed:
            if self._closed:
                raise RuntimeError("no more work is taken")
            self._waiting.append(job)
            self._unfinished += 1
            if self._started < min(self._unfinished, self._most):
                with contextlib.suppress(RuntimeError):  # the machine has no thread left
                    self._start_one()
            self._changed.notify()
        return job.outcome

    def close(self) -> None:
        """Takes no more work and cancels what waits. Work that runs is not interrupted, nor waited for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        while self._waiting:  # nobody else takes of it any more
            self._waiting.popleft().outcome.cancel()

    def _start_one(self) -> None:
        threading.Thread(target=self._work, name=f"{self._name}_{self._started}", daemon=True).start()
        self._started += 1

    def _work(self) -> None:
        while self._do_next():
            pass  # not even a name is left of what was done: an answer is large

    def _do_next(self) -> bool:
        """Waits for work and does it; false at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return False
            job = self._waiting.popleft()
        job.do()
        with self._changed:
            self._unfinished -= 1
        return True


@dataclass(frozen=True)
class _Job(Generic[T]):
    work: Callable[[], T]
    outcome: "Future[T]"

    def do(self) -> None:
        if not self.outcome.set_running_or_notify_cancel():
            return
        try:
            self.outcome.set_result(self.work())
        except BaseException as error:
            self.outcome.set_exception(error)
