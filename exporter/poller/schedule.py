"""When each instance is polled, and which one is next. No threads and no clock: the time is an argument of every call.

Polls are of four kinds, so that one kind cannot starve another:

- *slots*: instances whose last poll succeeded, each on its fixed-rate schedule. They have priority, except that every
other turn goes to a poll that has waited for a whole interval.
- *first* polls, of instances never polled. Until all of them are made, other polls are kept few: the instance whose
slot is farthest away is polled first, and a slot just after a first poll is skipped.
- *retries*, of instances that failed last time. They use at most half of the workers.
- *probes*, of instances that a client requests between two slots. They begin only if no slot is due and another worker
is free, and use at most a quarter of the workers, so that clients cannot delay the schedule. If a slot is due while a
probe waits, its poll serves the probe.

First polls, retries and probes together leave a quarter of the workers free, and at least one, if a slot will be due
before these polls must have ended. So known instances keep their slots even if no other instance responds. A single
worker alternates.
"""

import hashlib
import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from exporter.model.poll_result import Failure, Reading, Reason
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


@dataclass(frozen=True, slots=True)
class Slots:
    """The fixed-rate schedule of one instance: one slot each ``interval`` seconds, shifted by ``phase``."""

    interval: float
    phase: float

    @classmethod
    def of(cls, name: str, interval: float) -> "Slots":
        """Return the slots of an instance: its phase is always the same, on the grid, and evenly spread over names."""
        digest = hashlib.blake2b(name.encode(), digest_size=6).digest()
        phase = int.from_bytes(digest, "big") / 2**48 * interval
        return cls(interval, phase // SLOT_GRID * SLOT_GRID)

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


class PollKind(IntEnum):
    FIRST = 0
    SLOT = 1
    RETRY = 2
    PROBE = 3


@dataclass(slots=True, eq=False)
class Target:
    """One instance and where it stands in its schedule. Times are in monotonic seconds.

    ``ticket`` is that of the valid entry in the queue; entries with another ticket are ignored.
    """

    instance: Instance
    slots: Slots
    due: float
    kind: PollKind = PollKind.FIRST
    failures_in_a_row: int = 0
    began: float | None = None
    """When its poll in flight began."""
    ended: float = float("-inf")
    """When its last poll ended."""
    is_read: bool = False
    """Whether ``/me`` was read by the poll in flight, which then only asks collectors."""
    asked: bool = False
    ticket: int = 0


class Poll(NamedTuple):
    """A poll to make now. ``lateness`` is in seconds; ``None`` for a poll that had no slot to be late for."""

    target: Target
    instance: Instance
    kind: PollKind
    lateness: float | None


class PollQueue:
    """The targets in the order in which they are due."""

    def __init__(self, plan: Plan, backoff: Backoff, now: float) -> None:
        self._plan = plan
        self._backoff = backoff
        self._tickets = itertools.count(1)
        self._targets: dict[str, Target] = {}
        self._asked: deque[Target] = deque()
        self._first: deque[tuple[int, Target]] = deque()
        self._slots: list[tuple[float, int, Target]] = []
        self._retries: list[tuple[float, int, Target]] = []
        self._in_flight = [0] * len(PollKind)
        self._turn_of_slots = False
        self.replace(plan, now)

    @property
    def concurrency(self) -> int:
        """How many polls may be in flight at once."""
        return self._plan.polling.concurrency

    @property
    def interval(self) -> float:
        """Seconds from one poll of an instance to the next."""
        return self._plan.polling.interval

    def replace(self, plan: Plan, now: float) -> None:
        """Apply a new plan.

        An instance that is already polled keeps its place in the schedule. A new instance is due immediately, and so
        is one that failed and has new credentials.
        """
        rescheduled = plan.polling.interval != self.interval
        self._plan = plan
        old, self._targets = self._targets, {}
        new: list[Target] = []
        for instance in plan.instances:
            target = old.pop(instance.name, None)
            if target is None:
                target = Target(instance, Slots.of(instance.name, self.interval), now)
                new.append(target)
            else:
                self._update(target, instance, rescheduled, now)
            self._targets[instance.name] = target
        for target in sorted(new, key=lambda target: target.slots.after(now), reverse=True):
            self._enqueue(target, PollKind.FIRST, now)
        for removed in old.values():
            removed.ticket, removed.asked = 0, False

    def ask(self, name: str, now: float) -> bool:
        """Have an instance polled soon; return whether a poll of it is under way or about to begin.

        Return False where its last poll is recent enough, and while the instance is backing off after failures.
        """
        target = self._targets.get(name)
        if target is None:
            return False
        if target.is_read:
            return False
        if target.began is not None or target.kind is PollKind.FIRST or target.asked:
            return True
        if target.kind is PollKind.RETRY or now - target.ended <= self._plan.polling.probe_max_age:
            return False
        target.asked = True
        self._asked.append(target)
        return True

    def in_flight_since(self, name: str) -> float | None:
        """Return when the poll in flight that has not yet read ``/me`` began; ``None`` if there is none."""
        target = self._targets.get(name)
        return None if target is None or target.is_read else target.began

    def note_read(self, poll: Poll) -> None:
        """Record that a poll has read ``/me``: a probe of the instance need not wait any longer."""
        poll.target.is_read = True

    def take(self, now: float) -> Poll | None:
        """Return the poll to begin now, if there is one."""
        target = (
            self._take_starving(now)
            or _pop_due(self._slots, now)
            or self._take_probe()
            or (self._first.popleft()[1] if self._may_start_first(now) else None)
            or (_pop_due(self._retries, now) if self._may_retry(now) else None)
        )
        if target is None:
            return None
        is_due = target.due <= now
        kind = PollKind.PROBE if target.kind is PollKind.SLOT and not is_due else target.kind
        target.began = now
        target.asked = False
        target.ticket = 0
        self._in_flight[kind] += 1
        return Poll(target, target.instance, kind, now - target.due if kind is PollKind.SLOT else None)

    def next_due(self, now: float) -> float | None:
        """Return when :meth:`take` may next return a poll: 0 for now, ``None`` for not before another call changes
        the queue."""
        if self._may_start_first(now) or self._next_probe() is not None:
            return 0.0
        slot = _heap_head(self._slots)
        retry = _heap_head(self._retries) if self._may_retry(now) else None
        if slot is None or retry is None:
            return slot.due if slot is not None else retry.due if retry is not None else None
        return min(slot.due, retry.due)

    def finish(self, poll: Poll, reading: Reading, now: float) -> None:
        """Put the target of a poll that ended back in the queue."""
        self._in_flight[poll.kind] -= 1
        target = poll.target
        target.began, target.ended, target.is_read = None, now, False
        if self._targets.get(target.instance.name) is not target:
            return
        if not isinstance(reading, Failure):
            target.failures_in_a_row = 0
            pause = self.interval / 4 if poll.kind is PollKind.FIRST and _head(self._first) else 0.0
            self._enqueue(target, PollKind.SLOT, target.slots.after(now + pause))
        elif not _same_credentials(poll.instance, target.instance):
            target.failures_in_a_row = 0
            self._enqueue(target, PollKind.FIRST, now)
        else:
            target.failures_in_a_row += 1
            due = self._backoff.due(reading, target.failures_in_a_row, target.slots, now)
            self._enqueue(target, PollKind.RETRY, due)

    def _update(self, target: Target, instance: Instance, rescheduled: bool, now: float) -> None:
        renewed = not _same_credentials(target.instance, instance)
        target.instance = instance
        if rescheduled:
            target.slots = Slots.of(instance.name, self.interval)
        if target.began is not None:
            return
        if renewed and target.kind is PollKind.RETRY:
            target.failures_in_a_row = 0
            self._enqueue(target, PollKind.FIRST, now)
        elif rescheduled and target.kind is PollKind.SLOT:
            self._enqueue(target, PollKind.SLOT, target.slots.after(now))

    def _enqueue(self, target: Target, kind: PollKind, due: float) -> None:
        target.kind, target.due, target.ticket = kind, due, next(self._tickets)
        if kind is PollKind.FIRST:
            self._first.append((target.ticket, target))
        else:
            heap = self._slots if kind is PollKind.SLOT else self._retries
            heapq.heappush(heap, (due, target.ticket, target))

    def _take_starving(self, now: float) -> Target | None:
        """Return a first poll or a retry that has waited for a whole interval because of slots: there are too few
        workers.

        Never return one twice in a row: if these polls do not respond, they would block the slots permanently.
        """
        if self._turn_of_slots:
            self._turn_of_slots = False
            return None
        long_ago, starving = now - self.interval, None
        if self._may_start_first(now) and self._first[0][1].due < long_ago:
            starving = self._first.popleft()[1]
        elif self._may_retry(now):
            starving = _pop_due(self._retries, long_ago)
        self._turn_of_slots = starving is not None
        return starving

    def _next_probe(self) -> Target | None:
        """Return the target of the next probe, if it may begin."""
        while self._asked and not self._asked[0].asked:
            self._asked.popleft()
        if not self._asked:
            return None
        may_start = self._in_flight[PollKind.PROBE] < max(1, self.concurrency // 4) and sum(
            self._in_flight
        ) < max(1, self.concurrency - 1)
        return self._asked[0] if may_start else None

    def _take_probe(self) -> Target | None:
        return None if self._next_probe() is None else self._asked.popleft()

    def _may_start_first(self, now: float) -> bool:
        """Return whether there is a first poll, and a worker for it."""
        return _head(self._first) is not None and self._leaves_workers(now)

    def _may_retry(self, now: float) -> bool:
        """Return whether there is a retry, due or not, and a worker for it."""
        return (
            bool(self._retries)
            and self._in_flight[PollKind.RETRY] < max(1, self.concurrency // 2)
            and self._leaves_workers(now)
        )

    def _leaves_workers(self, now: float) -> bool:
        """Return whether another unscheduled poll leaves enough workers for scheduled ones, even if all others hang."""
        next_slot = _heap_head(self._slots)
        awaited = next_slot is not None and next_slot.due < now + self._plan.longest_poll
        left_alone = min(max(1, self.concurrency // 4), self.concurrency - 1) if awaited else 0
        return sum(self._in_flight) - self._in_flight[PollKind.SLOT] < self.concurrency - left_alone


def _head(queue: deque[tuple[int, Target]]) -> Target | None:
    while queue and queue[0][0] != queue[0][1].ticket:
        queue.popleft()
    return queue[0][1] if queue else None


def _heap_head(heap: list[tuple[float, int, Target]]) -> Target | None:
    while heap and heap[0][1] != heap[0][2].ticket:
        heapq.heappop(heap)
    return heap[0][2] if heap else None


def _pop_due(heap: list[tuple[float, int, Target]], now: float) -> Target | None:
    if _heap_head(heap) is None or heap[0][0] > now:
        return None
    return heapq.heappop(heap)[2]


def _same_credentials(one: Instance, other: Instance) -> bool:
    return (one.id, one.token, one.client_token) == (other.id, other.token, other.client_token)
