"""When an instance is due. Pure arithmetic on the monotonic clock."""

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model.poll_result import Failure, Reason
from exporter.model.settings import Instance, Polling

BACKOFF_CAP: Final = 300.0
"""Longest wait of an instance that fails, in seconds, unless the interval is longer."""
SLOT_GRID: Final = 0.025
"""Seconds between the moments at which slots may begin.

Polls that fall due together are made one after the other by the worker that woke up for the first. At 200 polls a
second that halves their CPU: to wake up, and to run code that the processor has not run for a while, costs more than
all that a poll computes.
"""
_AT_THE_CAP: Final = frozenset({Reason.UNAUTHORIZED, Reason.NOT_FOUND})
_JITTER: Final = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """The instances to poll, and when. No poll takes more than ``longest_poll`` seconds."""

    instances: Sequence[Instance]
    polling: Polling
    longest_poll: float


def stable_fraction(name: str) -> float:
    """Return a number in [0, 1) that is always the same for a name and evenly distributed over names."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest(), "big") / 2**48


@dataclass(frozen=True, slots=True)
class Slots:
    """The fixed-rate schedule of one instance: one slot each ``interval`` seconds, shifted by ``phase``."""

    interval: float
    phase: float

    @classmethod
    def of(cls, name: str, interval: float) -> "Slots":
        """Return the slots of an instance: its phase is always the same, and on the grid."""
        return cls(interval, stable_fraction(name) * interval // SLOT_GRID * SLOT_GRID)

    def after(self, moment: float) -> float:
        """Return the first slot later than ``moment``."""
        slot = self.phase + math.ceil((moment - self.phase) / self.interval) * self.interval
        return slot if slot > moment else slot + self.interval


class Backoff:
    """How long to wait before a failing instance is polled again."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def due(self, failure: Failure, in_a_row: int, slots: Slots, now: float) -> float:
        """Return when to poll again after the ``in_a_row``-th failure, which came at ``now``.

        The first failure does not change the schedule, unless its reason or ``retry_after`` requires a wait.
        """
        if in_a_row == 1 and failure.reason not in _AT_THE_CAP and failure.retry_after is None:
            return slots.after(now)
        return now + self.wait(failure, in_a_row, slots.interval)

    def wait(self, failure: Failure, in_a_row: int, interval: float) -> float:
        """Return the seconds to wait after ``in_a_row`` failures in a row.

        They double with each failure, up to :data:`BACKOFF_CAP`. After a refused credential the wait is the cap
        immediately, so that monitoring does not lock an account. A wait requested by the server is honored, up to the
        cap.
        """
        cap = max(BACKOFF_CAP, interval)
        jitter = self._rng.uniform(0, _JITTER)
        if failure.reason in _AT_THE_CAP:
            return cap * (1 - jitter)
        wait = min(cap, interval * 2.0 ** min(in_a_row - 1, 32)) * (1 - jitter)
        if failure.retry_after is not None:
            wait = max(wait, min(cap, failure.retry_after * (1 + jitter)))
        return wait
