"""The two clocks, passed in so that tests control them."""

import time
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; never steps. Ages, schedules and deadlines use it."""

    def time(self) -> float:
        """Return unix time in seconds; may step. Only exported timestamps and time until due use it."""


class SystemClock:
    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)
