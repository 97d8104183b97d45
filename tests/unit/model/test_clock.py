"""The clocks of the system."""

import time

import pytest

from exporter.model.clock import SystemClock


def test_a_stepped_wall_clock_moves_no_age(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before = clock.monotonic()
    monkeypatch.setattr(time, "time", lambda: -1.0)
    assert clock.time() == -1.0
    assert clock.monotonic() >= before
