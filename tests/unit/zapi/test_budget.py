"""What one request may take: seconds and bytes, to the last of each."""

import pytest

from exporter.model.poll_result import Reason
from exporter.zapi.errors import PollFailed
from exporter.zapi.stream import Budget
from tests.clocks import ManualClock


def test_the_last_byte_is_taken_and_one_more_is_not() -> None:
    budget = Budget(ManualClock(), 10.0, 1000)
    budget.receive(400)
    budget.receive(600)
    with pytest.raises(PollFailed) as refused:
        budget.receive(1)
    assert refused.value.failure.reason is Reason.TOO_LARGE


def test_seconds_run_from_its_making_and_end() -> None:
    clock = ManualClock()
    budget = Budget(clock, 10.0, 1000)
    clock.advance(9.5)
    assert budget.seconds_left() == 0.5
    clock.advance(0.5)
    with pytest.raises(TimeoutError):
        budget.seconds_left()
