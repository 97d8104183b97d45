"""A poller whose time is made up: hours of polls of a thousand instances in a second or two.

It asks the real queue as the real workers do, one call for each that is free, and jumps to the next moment at which
something happens. What an upstream does, and how long it takes for it, is a function.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.model.poll_result import Reading
from exporter.model.settings import Instance, Polling
from exporter.poller.schedule import Backoff, Kind, Plan, Poll, PollQueue

Answer = Callable[[str, float], tuple[float, Reading]]
"""An instance's name and the moment at which its poll begins → how many seconds the poll takes, and what it reads."""


@dataclass(frozen=True, slots=True)
class PollMade:
    """A poll that began and ended at these virtual seconds; ``kind`` and ``lateness`` are those of :class:`Poll`."""

    name: str
    kind: Kind
    began: float
    ended: float
    lateness: float | None
    reading: Reading


class VirtualPoller:
    """Polls instances from the virtual second 0 on. ``polls`` are all that began, in their order."""

    def __init__(
        self,
        instances: Sequence[Instance],
        answer: Answer,
        *,
        polling: Polling,
        longest_poll: float,
        seed: int = 1,
    ) -> None:
        self._answer = answer
        self._polling = polling
        self._longest_poll = longest_poll
        self._now = 0.0
        self._queue = PollQueue(self._plan(instances), Backoff(random.Random(seed)), self._now)
        self._in_flight: list[tuple[float, int, Poll, Reading]] = []
        self.polls: list[PollMade] = []

    def replace(self, instances: Sequence[Instance]) -> None:
        """Poll these from now on, as after a reload."""
        self._queue.replace(self._plan(instances), self._now)

    def _plan(self, instances: Sequence[Instance]) -> Plan:
        return Plan(instances, self._polling, self._longest_poll)

    def run(self, until: float) -> None:
        """Let time pass up to the second ``until``."""
        while True:
            self._begin_all()
            happens = self._next_event()
            if happens is None or happens > until:
                self._now = until
                return
            self._now = max(self._now, happens)
            while self._in_flight and self._in_flight[0][0] <= self._now:
                _, _, poll, reading = heapq.heappop(self._in_flight)
                self._queue.finish(poll, reading, self._now)

    def _begin_all(self) -> None:
        while len(self._in_flight) < self._polling.concurrency:
            poll = self._queue.take(self._now)
            if poll is None:
                return
            seconds, reading = self._answer(poll.instance.name, self._now)
            ended = self._now + seconds
            heapq.heappush(self._in_flight, (ended, len(self.polls), poll, reading))
            self.polls.append(
                PollMade(poll.instance.name, poll.kind, self._now, ended, poll.lateness, reading)
            )

    def _next_event(self) -> float | None:
        events = [ended for ended, *_ in self._in_flight[:1]]
        if len(self._in_flight) < self._polling.concurrency:
            due = self._queue.next_due(self._now)
            events += [] if due is None else [due]
        return min(events, default=None)
