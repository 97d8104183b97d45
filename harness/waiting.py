"""Waiting for a condition, never for luck."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], patience: float = 60.0, pause: float = 0.01) -> None:
    """Ask every ``pause`` seconds until it is true; fail when it is not after ``patience`` seconds."""
    assert comes_true(condition, patience, pause), "the condition did not come true"


def comes_true(condition: Callable[[], bool], patience: float = 60.0, pause: float = 0.01) -> bool:
    """Ask every ``pause`` seconds until it is true, or ``patience`` seconds have passed."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True
