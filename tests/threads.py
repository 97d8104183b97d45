"""A process that cannot start threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def threads_only(may_start: Callable[[threading.Thread], bool] = lambda thread: False) -> Iterator[None]:
    """Let only such threads be started, by default none."""
    start = threading.Thread.start

    def start_some(thread: threading.Thread) -> None:
        if not may_start(thread):
            raise RuntimeError("can't start new thread")
        start(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", start_some)
        yield
