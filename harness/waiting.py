"""Waiting for a condition, never for luck."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], patience: float = 120.0, pause: float = 0.01) -> None:
    """Ask until it is true, as :func:`comes_true` does; fail when it is not after ``patience`` seconds."""
    assert comes_true(condition, patience, pause), "the condition did not come true"


def comes_true(condition: Callable[[], bool], patience: float = 120.0, pause: float = 0.01) -> bool:
    """Ask until it is true, or ``patience`` seconds have passed.

    Pauses grow from ``pause`` to a tenth of a second: to ask of a process more often keeps it from getting there.
    """
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = max(pause, min(1.2 * pause, 0.1))
    return True
