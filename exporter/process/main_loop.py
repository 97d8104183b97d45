"""What the main thread does between two signals."""

import os
import select
import signal
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from exporter.model.clock import Clock

_LONGEST_WAIT: Final = 3600.0
_PIPE_SIZE: Final = 65_536


class Duty(Protocol):
    """Something to do again and again, the next time at ``due`` (monotonic seconds)."""

    due: float

    def run(self) -> None:
        """Do it, and set when it is due again."""


class Signals:
    """Signals that the main thread waits for, from when this is made. Only the main thread may make one."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        # A handler that tells a waiting thread in Python is not enough: a signal that comes just before the thread
        # begins to wait would be handled only after the wait. What is in a pipe is there for whoever looks later.
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda number, frame: None)

    def wait(self, timeout: float) -> frozenset[int]:
        """The signals that came, as soon as there is one; none after ``timeout`` seconds."""
        ready, _, _ = select.select([self._reader], [], [], timeout)
        return frozenset(os.read(self._reader, _PIPE_SIZE)) if ready else frozenset()


def attend(
    wait: Callable[[float], frozenset[int]],
    reload: Callable[[], object],
    duties: Sequence[Duty],
    clock: Clock,
) -> None:
    """Do the duties, and reload on SIGHUP, until another signal comes; ``wait`` is :meth:`Signals.wait`."""
    while True:
        now = clock.monotonic()
        pause = min((duty.due - now for duty in duties), default=_LONGEST_WAIT)
        came = wait(min(max(pause, 0.0), _LONGEST_WAIT))
        if came - {signal.SIGHUP}:
            return
        if came:
            reload()
        for duty in duties:
            if duty.due <= clock.monotonic():
                duty.run()
