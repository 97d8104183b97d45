"""The clocks of the system."""

import time

from exporter.model.clock import SystemClock


def test_a_stepped_wall_clock_moves_no_age() -> None:
    clock = SystemClock()
    assert (clock.monotonic, clock.time) == (time.monotonic, time.time)
