"""How far a long command is, for a person who watches it."""

import contextlib
from types import TracebackType
from typing import TextIO


class Progress:
    """One line that is overwritten, on a terminal only: logs and pipes receive nothing."""

    def __init__(self, stream: TextIO, what: str) -> None:
        self._stream = stream
        self._what = what
        self._shown = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._write("")

    def show(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` are done."""
        self._write(f"{self._what} {done} of {total}")

    def _write(self, line: str) -> None:
        if line != self._shown and self._stream.isatty():
            with contextlib.suppress(OSError):  # the terminal is gone, or full
                self._stream.write(f"\r{line:{len(self._shown)}}\r{line}")
                self._stream.flush()
            self._shown = line
