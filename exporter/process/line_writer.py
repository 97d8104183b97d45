"""Log lines → a file descriptor, on a separate thread, so that logging never waits for the reader of the log."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from exporter.process.output import write_all

MOST_WAITING: Final = 1024 * 1024
"""Most bytes of lines that wait to be written; further lines are dropped."""

LOG_GRACE: Final = 2.0
"""Seconds that the last lines of the log may take."""

_DROPPED_LINES: Final = b""
"""Marks the place of dropped lines in the queue; their number is known when it is reached."""


class LineWriter:
    """Writes lines to ``descriptor`` in order, and drops and counts lines that do not fit into the buffer.

    ``tell`` makes the line that reports how many lines were dropped. A line that cannot be written, because the disk is
    full or the reader gone, counts as dropped. Safe to use from many threads.
    """

    def __init__(
        self, descriptor: int, tell: Callable[[int], str], *, most_waiting: int = MOST_WAITING
    ) -> None:
        self._descriptor = descriptor
        self._tell = tell
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._untold = 0
        self._note_waits = False
        self._started = False

    @property
    def dropped(self) -> int:
        """How many lines were dropped so far."""
        return self._dropped

    def write(self, line: str) -> None:
        """Have the line written, without waiting for it."""
        data = line.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._size + len(data) > self._most_waiting:
                self._drop()
                self._note()
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify_all()
            if not self._started:
                self._start()

    def close(self, timeout: float) -> None:
        """Wait until all lines are written, for at most ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, timeout)

    def _start(self) -> None:
        try:
            threading.Thread(target=self._run, name="log", daemon=True).start()
            self._started = True
        except RuntimeError:  # the machine has no thread left: whoever logs does the work
            while self._waiting:
                self._write_next()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            self._write_next()

    def _write_next(self) -> None:
        with self._changed:
            data, told = self._waiting[0], 0
            if not data:
                told, self._untold, self._note_waits = self._untold, 0, False
        written = False
        with contextlib.suppress(Exception):  # whatever it is, the lines to come must be tried
            write_all(self._descriptor, self._tell(told).encode() if told else data)
            written = True
        with self._changed:
            self._waiting.popleft()
            self._size -= len(data)
            if not written and told:
                self._untold += told
            elif not written:
                self._drop()
            elif self._untold:
                self._note()
            self._changed.notify_all()

    def _note(self) -> None:
        if not self._note_waits:
            self._waiting.append(_DROPPED_LINES)
            self._note_waits = True

    def _drop(self) -> None:
        self._dropped += 1
        self._untold += 1
