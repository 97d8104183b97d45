"""Waiting for a condition, never for luck."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], patience: float = 20.0, pause: float = 0.01) -> None:
    """Ask every ``pause`` seconds until it is true; fail when it is not after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(pause)
