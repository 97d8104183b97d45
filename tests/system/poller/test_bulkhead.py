"""Instances that hang do not hold up the others: at the size, the interval and the concurrency that are promised.

Time is made up: hours of polls of a thousand instances take a second or two.
"""

import heapq
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pytest

from exporter.model.poll_result import Failure, Reading
from exporter.model.settings import Instance, Polling
from exporter.poller.schedule import BACKOFF_CAP, Backoff, Plan, Poll, PollKind, PollQueue
from tests.builders import a_failure, a_status, an_instance, some_polling

COUNT: Final = 1000
TIMEOUT: Final = 10.0
POLLING: Final = some_polling()
NAMES: Final = tuple(f"instance {number}" for number in range(COUNT))
HANGING: Final = frozenset(NAMES[::10])
HEALTHY: Final = tuple(name for name in NAMES if name not in HANGING)
HOUR: Final = 3600.0

Answer = Callable[[str, float], tuple[float, Reading]]
"""An instance's name and the moment at which its poll begins → how many seconds the poll takes, and what it reads."""


@dataclass(frozen=True, slots=True)
class PollMade:
    """A poll that began and ended at these virtual seconds; ``kind`` and ``lateness`` are those of :class:`Poll`."""

    name: str
    kind: PollKind
    began: float
    ended: float
    lateness: float | None
    reading: Reading


class VirtualPoller:
    """Polls instances from the virtual second 0 on. ``polls`` are all that began, in their order.

    It asks the real queue as the real workers do, one call for each that is free, and jumps to the next moment at
    which something happens.
    """

    def __init__(
        self,
        instances: Sequence[Instance],
        answer: Answer,
        polling: Polling,
    ) -> None:
        self._answer = answer
        self._polling = polling
        self._now = 0.0
        self._queue = PollQueue(self._plan(instances), Backoff(random.Random(1)), self._now)
        self._in_flight: list[tuple[float, int, Poll, Reading]] = []
        self.polls: list[PollMade] = []

    def replace(self, instances: Sequence[Instance]) -> None:
        """Poll these from now on, as after a reload."""
        self._queue.replace(self._plan(instances), self._now)

    def _plan(self, instances: Sequence[Instance]) -> Plan:
        return Plan(instances, self._polling, TIMEOUT)

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


Hangs = Callable[[str, float], bool]


def a_poller(names: Iterable[str], hangs: Hangs) -> VirtualPoller:
    """Of a fleet that answers within half a second where it does not hang."""
    latency = random.Random(7)

    def answer(name: str, now: float) -> tuple[float, Reading]:
        return (TIMEOUT, a_failure()) if hangs(name, now) else (latency.uniform(0.1, 0.5), a_status())

    instances = [an_instance(name) for name in names]
    return VirtualPoller(instances, answer, POLLING)


def polls_of(hangs: Hangs, *, until: float) -> list[PollMade]:
    """All polls of the whole fleet until then."""
    poller = a_poller(NAMES, hangs)
    poller.run(until)
    return poller.polls


def p99(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def lateness_of(polls: Sequence[PollMade], names: Sequence[str]) -> list[float]:
    wanted = frozenset(names)
    return [poll.lateness for poll in polls if poll.name in wanted and poll.lateness is not None]


def by_name(polls: Sequence[PollMade]) -> dict[str, list[PollMade]]:
    found = defaultdict(list)
    for poll in polls:
        found[poll.name].append(poll)
    return found


HANGS: Final[Mapping[str, Hangs]] = {
    "always": lambda name, now: name in HANGING,
    "from the tenth minute": lambda name, now: name in HANGING and now > 600,
    "every other minute": lambda name, now: name in HANGING and now // 60 % 2 == 0,
}


@pytest.mark.parametrize("when", HANGS)
def test_with_a_tenth_hanging_the_others_keep_their_schedule(when: str) -> None:
    polls = polls_of(HANGS[when], until=HOUR / 2)
    assert p99(lateness_of(polls, HEALTHY)) < 1
    made = by_name(polls)
    for name in HEALTHY:
        assert len(made[name]) >= HOUR / 2 / POLLING.interval - 2
        gaps = [later.began - earlier.began for earlier, later in pairwise(made[name][1:])]
        assert max(gaps) < POLLING.interval + TIMEOUT


@pytest.mark.parametrize("ill", [HANGING, frozenset(NAMES[::5])], ids=["a tenth", "a fifth"])
def test_hanging_newcomers_make_nobody_late(ill: frozenset[str]) -> None:
    """Instances that hang from their first poll make nobody late when a reload adds them."""
    healthy = [name for name in NAMES if name not in ill]
    poller = a_poller(healthy, lambda name, now: name in ill)
    poller.run(600)
    poller.replace([an_instance(name) for name in NAMES])
    poller.run(1200)
    for begin in range(600, 1200, 60):
        minute = [poll for poll in poller.polls if begin <= poll.began < begin + 60]
        assert p99(lateness_of(minute, healthy)) < 1
    assert {poll.name for poll in poller.polls} == set(NAMES)


def test_the_first_round_takes_little_longer_than_latencies() -> None:
    count, latency, polling = 10_000, 0.1, some_polling(concurrency=64)
    instances = [an_instance(f"instance {number}") for number in range(count)]
    poller = VirtualPoller(instances, lambda name, now: (latency, a_status()), polling)
    poller.run(POLLING.interval)
    ready = max(poll.ended for poll in poller.polls if poll.kind is PollKind.FIRST)
    assert ready < count * latency / polling.concurrency * 1.1
    assert sum(poll.began < ready for poll in poller.polls) == count


def test_a_cold_start_with_a_tenth_hanging_leaves_workers() -> None:
    polls = polls_of(HANGS["always"], until=120)
    assert max(lateness_of(polls, HEALTHY)) < 1


@pytest.mark.parametrize(
    ("concurrency", "latest"), [(1, 2 * TIMEOUT), (2, 1), (3, 1), (4, 1)], ids=lambda value: f"{value:g}"
)
def test_few_workers_serve_those_that_are_known_while_hundreds_hang(concurrency: int, latest: float) -> None:
    known, ill = NAMES[:3], frozenset(NAMES[3:203])

    def answer(name: str, now: float) -> tuple[float, Reading]:
        return (TIMEOUT, a_failure()) if name in ill else (0.2, a_status())

    polling = some_polling(concurrency=concurrency)
    instances = [an_instance(name) for name in [*known, *ill]]
    poller = VirtualPoller(instances[:3], answer, polling)
    poller.run(120)
    poller.replace(instances)
    poller.run(HOUR)
    made = by_name(poller.polls)
    assert made.keys() == {*known, *ill}
    for name in known:
        assert HOUR - made[name][-1].began < POLLING.interval + latest
        assert max(lateness_of(made[name], known)) < latest


@pytest.mark.parametrize("share", [1, 10])
def test_a_recovery_is_noticed_within_the_cap(share: int) -> None:
    ill, recovery = frozenset(NAMES[::share]), HOUR / 2
    polls = by_name(polls_of(lambda name, now: name in ill and now < recovery, until=HOUR))
    for name in ill:
        noticed = next(
            poll.ended
            for poll in polls[name]
            if poll.began >= recovery and not isinstance(poll.reading, Failure)
        )
        assert noticed <= recovery + BACKOFF_CAP + TIMEOUT


def test_an_outage_of_all_ends_with_everybody_on_schedule() -> None:
    polls = polls_of(lambda name, now: 600 < now < 1800, until=HOUR)
    after = [poll for poll in polls if poll.began > 1800 + BACKOFF_CAP + POLLING.interval]
    assert {poll.kind for poll in after} == {PollKind.SLOT}
    assert p99(lateness_of(after, NAMES)) < 1
