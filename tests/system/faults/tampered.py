"""The exporter on a machine that is not well: run this file with the name of a trouble, then the exporter's flags.

It changes what the standard library says, because neither a name server nor a clock can be spoilt for one process.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

CLOCK_STEP_VARIABLE: Final = "CLOCK_STEP_FILE"
"""Names the environment variable that names a file with the seconds by which the wall clock is off."""

MOST_THREADS: Final = 14
"""Threads of an exporter that lacks them: a few more than it starts with."""


def hang_name_lookups() -> None:
    """Name servers that never answer; addresses need none."""
    real = socket.getaddrinfo

    def lookup(*args: Any, **settings: Any) -> Any:
        numeric = {**settings, "flags": settings.get("flags", 0) | socket.AI_NUMERICHOST}
        try:
            return real(*args, **numeric)
        except socket.gaierror:
            if settings != numeric:
                threading.Event().wait()
            raise

    socket.getaddrinfo = lookup


def step_clock() -> None:
    real, file = time.time, Path(os.environ[CLOCK_STEP_VARIABLE])
    time.time = lambda: real() + float(file.read_text())


def lack_threads() -> None:
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if threading.active_count() >= MOST_THREADS:
            raise RuntimeError("can't start new thread")
        real(thread)

    threading.Thread.start = start  # type: ignore[method-assign, assignment]


TROUBLES: Final[Mapping[str, Callable[[], None]]] = {
    "hanging-names": hang_name_lookups,
    "stepped-clock": step_clock,
    "few-threads": lack_threads,
}


def program(trouble: str) -> tuple[str, ...]:
    """What to run in place of the command."""
    return (sys.executable, __file__, trouble)


def main() -> int:
    from exporter import cli

    TROUBLES[sys.argv.pop(1)]()
    return cli.main()


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file: its modules must not hide others
    sys.exit(main())
