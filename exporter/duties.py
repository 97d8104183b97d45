"""What the main thread does between two signals."""

import logging
import os
import select
import signal
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from exporter.clock import Clock
from exporter.config.watch import Fingerprint

SETTLING: Final = 1.0
"""Seconds for which changed files must stay the same: a file that is being written may look whole."""

_LONGEST_WAIT: Final = 3600.0
_MOST_NAMED: Final = 5
_PIPE_SIZE: Final = 65_536

_log = logging.getLogger(__name__)


class Duty(Protocol):
    """Something to do again and again, the next time at ``due`` (monotonic seconds)."""

    due: float

    def run(self) -> None:
        """Do it, and set when it is due again."""


class WatchedFiles(Protocol):
    """The files of a configuration; see :class:`~exporter.config.watch.ConfigFile`."""

    @property
    def held(self) -> Fingerprint:
        """What they held at the last load."""

    def holds(self) -> Fingerprint:
        """What the same files hold now."""


class AutoReload:
    """Reloads when the files hold something else than they did at the last load, good or bad.

    Looks every ``interval`` seconds, and soon again after it saw a change: content is taken once two looks in a
    row see the same. So bad content is tried, and told of, only once.
    """

    def __init__(
        self, files: WatchedFiles, reload: Callable[[], object], interval: float, clock: Clock
    ) -> None:
        self._files = files
        self._reload = reload
        self._interval = interval
        self._clock = clock
        self._changed: Fingerprint | None = None
        self.due = clock.monotonic() + interval

    def run(self) -> None:
        pause = self._interval
        holds = self._files.holds()
        if holds == self._files.held:
            self._changed = None
        elif holds != self._changed:
            self._changed = holds
            pause = min(pause, SETTLING)
        else:
            self._changed = None
            _log.info("files of the configuration have changed", extra={"path": self._name_changed(holds)})
            self._reload()
        self.due = self._clock.monotonic() + pause

    def _name_changed(self, holds: Fingerprint) -> str:
        held = self._files.held
        names = [str(file) for file in holds if holds[file] != held.get(file)]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return ", ".join(names[:_MOST_NAMED]) + more


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
