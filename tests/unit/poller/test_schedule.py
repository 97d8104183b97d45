"""When an instance is due."""

import random

import pytest

from exporter.model.poll_result import Failure, Reason
from exporter.poller.schedule import BACKOFF_CAP, SLOT_GRID, Backoff, Slots
from tests.builders import a_failure

SLOTS = Slots(interval=60.0, phase=12.5)


@pytest.mark.parametrize(("now", "slot"), [(0, 12.5), (12.4, 12.5), (12.5, 72.5), (13, 72.5), (193.5, 252.5)])
def test_slots_come_at_a_fixed_rate(now: float, slot: float) -> None:
    assert SLOTS.after(now) == slot


def test_a_slot_is_later_than_now_even_where_floats_are_coarse() -> None:
    slots = Slots(interval=0.1, phase=0.03)
    moment = 1e9
    for _ in range(1000):
        slot = slots.after(moment)
        assert slot > moment
        moment = slot


def test_phases_are_stable_and_spread_over_the_interval() -> None:
    assert Slots.of("vendas", 60.0).phase == pytest.approx(33.700)
    phases = [Slots.of(f"instance {number}", 10.0).phase for number in range(10_000)]
    per_tenth = [sum(tenth <= phase < tenth + 1 for phase in phases) for tenth in range(10)]
    assert min(per_tenth) > 900
    assert max(per_tenth) < 1100


@pytest.mark.parametrize("interval", [60.0, 5.0, SLOT_GRID / 2])
def test_slots_of_one_interval_are_on_a_grid_and_within_it(interval: float) -> None:
    phases = [Slots.of(f"instance {number}", interval).phase for number in range(1000)]
    assert all(0 <= phase < interval for phase in phases)
    assert all(phase / SLOT_GRID == pytest.approx(round(phase / SLOT_GRID)) for phase in phases)


def waits(failure: Failure, interval: float = 60.0) -> list[float]:
    backoff = Backoff(random.Random(1))
    return [backoff.due(failure, row, Slots(interval, 0.0), now=0.0) for row in range(1, 9)]


def test_one_failure_does_not_change_the_schedule() -> None:
    assert Backoff(random.Random(1)).due(a_failure(), 1, SLOTS, now=100) == SLOTS.after(100)


def test_the_wait_doubles_up_to_the_cap() -> None:
    _, second, third, *rest = waits(a_failure())
    assert 108 <= second <= 120
    assert 216 <= third <= 240
    assert all(BACKOFF_CAP * 0.9 <= wait <= BACKOFF_CAP for wait in rest)


def test_waits_are_jittered() -> None:
    capped = waits(a_failure())[3:]
    assert len(set(capped)) == len(capped)


def test_an_interval_longer_than_the_cap_is_not_shortened() -> None:
    assert all(wait >= 540 for wait in waits(a_failure(), interval=600)[1:])


@pytest.mark.parametrize("reason", [Reason.UNAUTHORIZED, Reason.NOT_FOUND])
def test_a_refused_credential_is_retried_at_the_cap(reason: Reason) -> None:
    assert all(270 <= wait <= BACKOFF_CAP for wait in waits(a_failure(reason)))


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.IP_NOT_ALLOWED, Reason.SUBSCRIPTION_ENDED])
def test_a_refusal_of_another_kind_is_retried_like_a_server_error(reason: Reason) -> None:
    assert waits(a_failure(reason)) == waits(a_failure(Reason.SERVER_ERROR))


def test_no_poll_comes_before_retry_after_has_passed_up_to_the_cap() -> None:
    assert all(150 <= wait <= BACKOFF_CAP for wait in waits(a_failure(Reason.RATE_LIMITED, retry_after=150)))
    assert 150 <= waits(a_failure(Reason.RATE_LIMITED, retry_after=150))[0] <= 165
    assert set(waits(a_failure(Reason.RATE_LIMITED, retry_after=86400))) == {BACKOFF_CAP}


def test_retry_after_never_shortens_a_wait() -> None:
    assert all(wait >= 54 for wait in waits(a_failure(Reason.RATE_LIMITED, retry_after=0)))


def test_hundreds_of_failures_in_a_row_stay_at_the_cap() -> None:
    assert Backoff(random.Random(1)).due(a_failure(), 5000, SLOTS, now=0) <= BACKOFF_CAP
