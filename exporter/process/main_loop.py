"""The loop of the main thread: it runs periodic tasks until a signal comes."""

import signal
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from exporter.model.clock import Clock

_LONGEST_WAIT: Final = 3600.0


class PeriodicTask(Protocol):
    """Something to do again and again, the next time at ``due`` (monotonic seconds)."""

    due: float

    def run(self) -> None:
        """Do it, and set when it is due again."""


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
