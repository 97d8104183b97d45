"""The loop that runs periodic tasks until a signal comes, on the main thread and on the thread that reloads."""

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from exporter.model.clock import Clock
from exporter.process.logs import log_unexpected

_LONGEST_WAIT: Final = 3600.0


class PeriodicTask(Protocol):
    """A task that is repeated; it is next due at ``due``, in monotonic seconds."""

    due: float

    def run(self) -> None:
        """Run the task, and set when it is due again."""


def run_until_signal(
    wait: Callable[[float], frozenset[int]],
    reload: Callable[[], object],
    tasks: Sequence[PeriodicTask],
    clock: Clock,
) -> None:
    """Run the tasks, and reload on SIGHUP, until another signal comes.

    ``wait`` is :meth:`~exporter.process.signals.Signals.wait`. What a task raises ends the loop.
    """
    while True:
        now = clock.monotonic()
        pause = min((task.due - now for task in tasks), default=_LONGEST_WAIT)
        came = wait(min(max(pause, 0.0), _LONGEST_WAIT))
        if came - {signal.SIGHUP}:
            return
        if came:
            reload()
        for task in tasks:
            if task.due <= clock.monotonic():
                task.run()


class ReloadLoop:
    """Reloads, and runs other slow tasks, on a separate thread, so that the main thread can handle signals."""

    def __init__(self, reload: Callable[[], object], tasks: Sequence[PeriodicTask], clock: Clock) -> None:
        """``reload`` may raise, which is logged; ``tasks`` must not."""
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._has_failed = False
        self._thread = threading.Thread(
            target=self._run, args=(partial(_survive, reload), tasks, clock), name="reload", daemon=True
        )

    def start(self) -> None:
        """Raise :class:`RuntimeError` where the machine has no thread left."""
        self._thread.start()

    def request(self) -> None:
        """Request a reload. Requests that come during a reload share the next one."""
        self._signals.put(signal.SIGHUP)

    def stop(self) -> None:
        """Begin no more reloads, without waiting for a reload that is running."""
        self._signals.put(signal.SIGTERM)

    def failure(self) -> str | None:
        """Return why reloads are no longer possible, or ``None``."""
        return "the reload thread has stopped" if self._has_failed else None

    def _run(self, reload: Callable[[], object], tasks: Sequence[PeriodicTask], clock: Clock) -> None:
        try:
            run_until_signal(self._wait, reload, tasks, clock)
        except BaseException as error:
            self._has_failed = True
            log_unexpected(error)

    def _wait(self, timeout: float) -> frozenset[int]:
        came: set[int] = set()
        with contextlib.suppress(queue.Empty):
            came.add(self._signals.get(timeout=timeout))
            while True:
                came.add(self._signals.get_nowait())
        return frozenset(came)


def _survive(reload: Callable[[], object]) -> None:
    """Reload. An unexpected error must not prevent later reloads."""
    try:
        reload()
    except Exception as error:
        log_unexpected(error)
