"""The signals that end the process or make it reload.

This module is imported before all others of the exporter, and itself imports little: from then on SIGTERM and SIGINT
are handled, also by process 1, to which the kernel delivers only signals that have a handler. Process 1 does not
receive earlier signals, unless the program that starts the exporter blocks them: then the kernel keeps them pending.
"""

from __future__ import annotations

import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Final, NoReturn

ENDING: Final = (signal.SIGTERM, signal.SIGINT)

_PIPE_SIZE: Final = 65_536
_SIGNALLED: Final = 128
"""What a shell adds to the number of the signal that ended a command."""


class Signals:
    """SIGTERM, SIGINT and SIGHUP of this process. Only the main thread may make one.

    The first two end the process at once, until :meth:`unwind` or :meth:`collect` says otherwise: with status 0, or
    for a ``one_off`` command, whose work is then not done, with 128 plus the signal's number. SIGHUP never ends it, and
    is kept for :meth:`wait`.
    """

    def __init__(self, *, one_off: bool) -> None:
        self._one_off = one_off
        # A handler that tells a waiting thread in Python is not enough: a signal that comes just before the thread
        # begins to wait would be handled only after the wait. What is in a pipe is there for whoever looks later.
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGHUP, _do_nothing)
        self.end_at_once()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP, *ENDING))

    def end_at_once(self) -> None:
        """Have SIGTERM and SIGINT end the process immediately."""
        self._handle_ending(self._exit)

    def unwind(self) -> None:
        """Have the next SIGTERM or SIGINT raise :class:`SystemExit` in the main thread, a second one end it."""
        self._handle_ending(self._raise)

    def collect(self) -> None:
        """Keep SIGTERM and SIGINT for :meth:`wait` too."""
        self._handle_ending(_do_nothing)

    def wait(self, timeout: float) -> frozenset[int]:
        """Return the signals that came, as soon as there is one; none after ``timeout`` seconds."""
        ready, _, _ = select.select([self._reader], [], [], timeout)
        return frozenset(os.read(self._reader, _PIPE_SIZE)) if ready else frozenset()

    def _handle_ending(self, handler: signal._HANDLER) -> None:
        for number in ENDING:
            ignored = signal.getsignal(number) is signal.SIG_IGN
            if not (self._one_off and ignored):  # a shell starts background commands with SIGINT ignored
                signal.signal(number, handler)

    def _status(self, number: int) -> int:
        return _SIGNALLED + number if self._one_off else 0

    def _exit(self, number: int, frame: FrameType | None) -> NoReturn:
        os._exit(self._status(number))

    def _raise(self, number: int, frame: FrameType | None) -> NoReturn:
        self.end_at_once()
        raise SystemExit(self._status(number))


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Do nothing: the signal's number is in the pipe."""
