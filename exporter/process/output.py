"""Output of a command to standard output and standard error, and its progress."""

import contextlib
import os
import select
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TextIO


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, however long that takes. Raise :class:`OSError`."""
    rest = memoryview(data)
    while rest:
        rest = rest[_write_some(descriptor, rest) :]


def _write_some(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:  # another program that has the same pipe or terminal made it non-blocking
        select.select([], [descriptor], [])
        return 0


def answer(content: str | bytes, what: str) -> bool:
    """Write ``content`` to standard output and return whether that was possible; print an error if it was not.

    ``what`` names the content in the error.
    """
    if sys.stdout is None:
        complain(f"standard output: {what} could not be written: it is closed")
        return False
    try:
        write_all(sys.stdout.fileno(), _encode(content, sys.stdout))
    except OSError as error:
        complain(f"standard output: {what} could not be written: {error.strerror}")
        return False
    return True


def complain(text: str) -> None:
    """Write a line to standard error, if that is possible."""
    write_error(f"{text}\n")


def write_error(text: str) -> None:
    """Write to standard error, if that is possible."""
    with contextlib.suppress(OSError):
        write_all(sys.stderr.fileno(), _encode(text, sys.stderr))


def stand_in_for_closed_stderr() -> None:
    """Replace a closed standard error (``2>&-``) with the null device, so that no other file receives its output."""
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _encode(content: str | bytes, stream: TextIO) -> bytes:
    """Encode the text, with escapes for characters that the terminal cannot show: file names may contain any."""
    return content if isinstance(content, bytes) else content.encode(stream.encoding, "backslashreplace")


class Progress:
    """One line that is overwritten, on a terminal only: logs and pipes receive nothing. Safe to use from many threads.

    ``write`` writes text to ``stream``. Lines that others write there meanwhile go through :meth:`write_above`.
    """

    def __init__(self, stream: TextIO, what: str, write: Callable[[str], object]) -> None:
        self._is_terminal = stream.isatty()
        self._what = what
        self._write = write
        self._lock = threading.Lock()
        self._shown = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._replace("")

    def show(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` are done."""
        self._replace(f"{self._what} {done} of {total}")

    def write_above(self, line: str) -> None:
        """Write a whole line where the progress is shown, and the progress below it."""
        with self._lock:
            self._write(f"{self._erasure()}{line}{self._shown}")

    def _replace(self, text: str) -> None:
        with self._lock:
            if self._is_terminal and text != self._shown:
                self._write(f"{self._erasure()}{text}")
                self._shown = text

    def _erasure(self) -> str:
        return f"\r{'':{len(self._shown)}}\r" if self._shown else ""
