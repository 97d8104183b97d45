"""Which instance is polled next."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from exporter.model.poll_result import Reading, Reason
from exporter.model.settings import Instance
from exporter.poller.schedule import Backoff, Plan, Poll, PollKind, PollQueue, Slots
from tests.builders import a_failure, a_status, an_instance, some_polling

INTERVAL = 60.0
START = 1000.0
LONGEST_POLL = 10.0


def a_queue(*instances: Instance, concurrency: int = 32, probe_max_age: float = 0.0) -> PollQueue:
    polling = some_polling(INTERVAL, concurrency, probe_max_age=probe_max_age)
    return PollQueue(Plan(instances, polling, LONGEST_POLL), Backoff(random.Random(1)), START)


def reload(
    queue: PollQueue, *instances: Instance, now: float, interval: float = INTERVAL, concurrency: int = 32
) -> None:
    queue.replace(Plan(instances, some_polling(interval, concurrency), LONGEST_POLL), now)


def instances(count: int) -> tuple[Instance, ...]:
    return tuple(an_instance(f"instance {number}") for number in range(count))


def take(queue: PollQueue, now: float) -> Poll:
    poll = queue.take(now)
    assert poll is not None
    return poll


def take_all(queue: PollQueue, now: float) -> list[Poll]:
    polls = []
    while (poll := queue.take(now)) is not None:
        polls.append(poll)
    return polls


def poll_through(queue: PollQueue, now: float, reading: Reading | None = None) -> None:
    while (poll := queue.take(now)) is not None:
        queue.finish(poll, reading or a_status(), now)


def test_new_instances_are_due_at_once_the_one_with_the_latest_slot_first() -> None:
    queue = a_queue(*instances(20))
    assert queue.next_due(START) == 0.0
    slots = [poll.target.slots.after(START) for poll in take_all(queue, START)]
    assert slots == sorted(slots, reverse=True)
    assert len(slots) == 20
    assert queue.next_due(START) is None


def test_a_slot_just_after_a_first_poll_yields_to_first_polls() -> None:
    queue = a_queue(*instances(20), concurrency=1)
    for remaining in reversed(range(20)):
        poll = take(queue, START)
        slot = poll.target.slots.after(START)
        queue.finish(poll, a_status(), slot - INTERVAL / 8)
        assert poll.target.due == pytest.approx(slot + INTERVAL if remaining else slot)


def test_after_a_good_poll_an_instance_keeps_to_its_slots() -> None:
    queue = a_queue(an_instance("vendas"))
    slots = Slots.of("vendas", INTERVAL)
    now = START
    for _ in range(5):
        queue.finish(take(queue, now), a_status(), now + 0.3)
        due = queue.next_due(now + 0.3)
        assert due == slots.after(now + 0.3)
        assert queue.take(due - 0.001) is None
        now = due


def test_lateness_is_measured_from_the_slot() -> None:
    queue = a_queue(an_instance("vendas"))
    first = take(queue, START)
    assert first.lateness is None
    queue.finish(first, a_status(), START)
    due = queue.next_due(START)
    assert due is not None
    late = take(queue, due + 2.5)
    assert late.lateness == 2.5
    queue.finish(late, a_failure(), due + 2.5)
    retry = take(queue, due + 10 * INTERVAL)
    assert (retry.kind, retry.lateness) == (PollKind.RETRY, None)


def test_an_instance_is_never_polled_twice_at_once() -> None:
    queue = a_queue(an_instance("vendas"))
    take(queue, START)
    assert queue.ask("vendas", START)
    assert queue.take(START + 1000) is None


def test_first_polls_take_all_workers_while_no_slot_is_near() -> None:
    queue = a_queue(*instances(100), concurrency=32)
    hanging = take_all(queue, START)
    assert len(hanging) == 32
    queue.finish(hanging[0], a_status(), START)
    due = hanging[0].target.due
    just_in_time = due - LONGEST_POLL
    assert queue.next_due(just_in_time) == 0.0  # a first poll may take the place of the one that ended
    assert queue.next_due(just_in_time + 0.001) == due
    assert queue.take(just_in_time + 0.001) is None
    assert take(queue, due).target is hanging[0].target


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (2, 1), (4, 3), (32, 24)])
def test_first_polls_and_retries_leave_a_quarter_to_near_slots(concurrency: int, most: int) -> None:
    queue = a_queue(*instances(20), concurrency=concurrency)
    poll_through(queue, START)
    reload(queue, *instances(100), now=START + INTERVAL / 2, concurrency=concurrency)
    hanging = take_all(queue, START + INTERVAL / 2)
    assert sum(poll.kind is PollKind.FIRST for poll in hanging) == most


def test_a_small_concurrency_is_used_whole() -> None:
    assert len(take_all(a_queue(*instances(100), concurrency=7), START)) == 7


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 1), (7, 3), (8, 4)])
def test_retries_hold_at_most_half_of_the_workers(concurrency: int, most: int) -> None:
    queue = a_queue(*instances(100), concurrency=concurrency)
    poll_through(queue, START, a_failure())
    retries = take_all(queue, START + 10 * INTERVAL)
    assert [poll.kind for poll in retries] == [PollKind.RETRY] * most
    assert queue.next_due(START + 10 * INTERVAL) is None
    queue.finish(retries[0], a_failure(), START + 10 * INTERVAL)
    assert queue.next_due(START + 10 * INTERVAL) is not None


def test_slots_go_before_retries() -> None:
    queue = a_queue(*instances(2))
    good, bad = take_all(queue, START)
    queue.finish(bad, a_failure(), START)
    queue.finish(good, a_status(), START)
    assert take(queue, START + INTERVAL).instance == good.instance


def test_failures_in_a_row_wait_ever_longer_and_a_success_begins_anew() -> None:
    queue, now, waits = a_queue(an_instance("vendas")), START, []
    for _ in range(3):
        queue.finish(take(queue, now), a_failure(), now)
        due = queue.next_due(now)
        assert due is not None
        waits.append(due - now)
        now = due
    assert waits[0] <= INTERVAL < 1.5 * INTERVAL < waits[1] < 2.2 * INTERVAL < waits[2]
    queue.finish(take(queue, now), a_status(), now)
    assert queue.next_due(now) == Slots.of("vendas", INTERVAL).after(now)
    now += 2 * INTERVAL
    queue.finish(take(queue, now), a_failure(), now)
    assert queue.next_due(now) == Slots.of("vendas", INTERVAL).after(now)


@pytest.mark.parametrize("in_flight", [False, True], ids=["while it waits", "while its poll is in flight"])
def test_new_credentials_are_tried_at_once_and_counted_anew(in_flight: bool) -> None:
    queue, now = a_queue(an_instance("vendas")), START
    poll_through(queue, now, a_failure(Reason.UNAUTHORIZED))
    if in_flight:
        now += 10 * INTERVAL
        old = take(queue, now)
    renewed = an_instance("vendas", token="NEW")
    reload(queue, renewed, now=now)
    if in_flight:
        queue.finish(old, a_failure(Reason.UNAUTHORIZED), now)
    poll = take(queue, now)
    assert poll.instance is renewed
    queue.finish(poll, a_failure(), now)
    assert queue.next_due(now) == Slots.of("vendas", INTERVAL).after(now)


def test_asking_for_an_instance_whose_retry_is_in_flight_shares_that() -> None:
    queue = a_queue(an_instance("vendas"))
    poll_through(queue, START, a_failure())
    now = START + 2 * INTERVAL
    retry = take(queue, now)
    assert retry.kind is PollKind.RETRY
    assert queue.ask("vendas", now)
    assert queue.take(now) is None
    queue.finish(retry, a_failure(), now)
    assert not queue.ask("vendas", now)


def test_asking_before_the_first_poll_makes_no_poll_of_its_own() -> None:
    names = [poll.instance.name for poll in take_all(a_queue(*instances(3)), START)]
    queue = a_queue(*instances(3))
    assert all(queue.ask(name, START) for name in reversed(names))
    assert [(poll.instance.name, poll.kind) for poll in take_all(queue, START)] == [
        (name, PollKind.FIRST) for name in names
    ]


def idle_queue(count: int, concurrency: int = 32, probe_max_age: float = 0.0) -> tuple[PollQueue, float]:
    """A queue whose instances were all polled, at a moment when no slot is due."""
    queue = a_queue(*instances(count), concurrency=concurrency, probe_max_age=probe_max_age)
    now = START
    for _ in range(2):  # the first polls, and then one slot of each
        poll_through(queue, now)
        now += 2 * INTERVAL
    slots = sorted(Slots.of(instance.name, INTERVAL).after(now) for instance in instances(count))
    _, begin = max((later - begin, begin) for begin, later in pairwise(slots))
    poll_through(queue, begin)
    return queue, begin + 0.001


def test_an_instance_that_is_asked_for_is_polled_between_its_slots() -> None:
    queue, now = idle_queue(3)
    assert queue.ask("instance 2", now)
    assert queue.next_due(now) == 0.0
    asked = take(queue, now)
    assert (asked.instance.name, asked.kind, asked.lateness) == ("instance 2", PollKind.PROBE, None)
    queue.finish(asked, a_status(), now + 0.002)
    names = sorted(poll.instance.name for poll in take_all(queue, now + INTERVAL))
    assert names == ["instance 0", "instance 1", "instance 2"]


def test_who_asks_again_shares_the_poll_while_it_is_recent() -> None:
    queue, now = idle_queue(3, probe_max_age=5.0)
    now += 5.0
    assert [queue.ask("instance 2", now) for _ in range(3)] == [True] * 3
    asked = take_all(queue, now)
    assert queue.ask("instance 2", now)
    assert [poll.instance.name for poll in asked] == ["instance 2"]
    queue.finish(asked[0], a_status(), now + 1.0)
    assert not queue.ask("instance 2", now + 6.0)
    assert queue.ask("instance 2", now + 6.001)


def test_a_slot_that_comes_first_is_the_poll_that_was_asked_for() -> None:
    queue, now = idle_queue(3)
    assert queue.ask("instance 0", now)
    due = Slots.of("instance 0", INTERVAL).after(now)
    polls = {poll.instance.name: poll for poll in take_all(queue, due)}
    assert polls["instance 0"].kind is PollKind.SLOT
    for poll in polls.values():
        queue.finish(poll, a_status(), due)
    assert queue.take(due) is None


@pytest.mark.parametrize(
    ("concurrency", "kinds"), [(2, [PollKind.SLOT]), (3, [PollKind.SLOT, PollKind.PROBE])], ids=[2, 3]
)
def test_slots_that_are_due_go_before_whoever_asks(concurrency: int, kinds: list[PollKind]) -> None:
    """And they have the last worker that is free."""
    queue, now = idle_queue(3, concurrency)
    due = queue.next_due(now)
    assert due is not None
    assert all(queue.ask(f"instance {number}", due) for number in range(3))
    assert [poll.kind for poll in take_all(queue, due)] == kinds


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (2, 1), (7, 1), (8, 2), (32, 8)])
def test_whoever_asks_holds_a_quarter_of_the_workers_at_most(concurrency: int, most: int) -> None:
    """And where they all hang, one worker at least is left for the slots."""
    queue, now = idle_queue(100, concurrency)
    assert all(queue.ask(f"instance {number}", now) for number in range(100))
    hanging = take_all(queue, now)
    assert [poll.kind for poll in hanging] == [PollKind.PROBE] * most
    due = queue.next_due(now)
    assert due is not None
    if concurrency > 1:
        assert take(queue, due).kind is PollKind.SLOT


def test_an_unknown_instance_is_not_polled_for_the_asking() -> None:
    assert not a_queue().ask("vendas", START)


def test_a_removed_instance_is_not_polled_again() -> None:
    """Whether it waits for its first poll, is asked for, or is being polled."""
    queue = a_queue(*instances(2))
    reload(queue, now=START)
    assert queue.take(START) is None
    queue, now = idle_queue(2)
    assert queue.ask("instance 0", now)
    reload(queue, now=now)
    assert queue.take(now) is None
    queue = a_queue(*instances(2))
    polls = take_all(queue, START)
    removed = next(poll for poll in polls if poll.instance.name == "instance 0")
    reload(queue, *instances(2)[1:], now=START)
    queue.finish(removed, a_status(), START)
    assert [poll.instance.name for poll in take_all(queue, START + 10 * INTERVAL)] == []


def test_an_added_instance_is_due_at_once_and_the_others_keep_their_slots() -> None:
    queue = a_queue(*instances(1))
    poll_through(queue, START)
    due = queue.next_due(START)
    reload(queue, *instances(2), now=START + 1)
    assert take(queue, START + 1).instance.name == "instance 1"
    assert queue.next_due(START) == due


@pytest.mark.parametrize("reading", [a_status(), a_failure()])
def test_a_new_label_is_on_the_next_poll_and_changes_no_schedule(reading: Reading) -> None:
    instance = an_instance("vendas")
    queue = a_queue(instance)
    poll_through(queue, START, reading)
    due = queue.next_due(START)
    reload(queue, replace(instance, labels={"team": "sales"}), now=START + 1)
    assert queue.next_due(START) == due
    assert due is not None
    assert take(queue, due).instance.labels == {"team": "sales"}


def test_a_new_interval_makes_new_slots() -> None:
    queue = a_queue(an_instance("vendas"))
    poll_through(queue, START)
    reload(queue, an_instance("vendas"), now=START + 1, interval=5.0)
    assert queue.next_due(START + 1) == Slots.of("vendas", 5.0).after(START + 1)


FIRST, SLOT, RETRY = PollKind.FIRST, PollKind.SLOT, PollKind.RETRY


@pytest.mark.parametrize(
    ("slots", "kinds"),
    [(2, [FIRST, SLOT, FIRST, SLOT, RETRY]), (3, [RETRY, SLOT, SLOT, SLOT])],
    ids=["first polls", "a retry"],
)
def test_busy_slots_take_turns_with_what_they_starve(slots: int, kinds: list[PollKind]) -> None:
    queue = a_queue(*instances(len(kinds)), concurrency=1)
    readings: list[Reading] = [*[a_status()] * slots, a_failure()]
    for reading in readings:
        queue.finish(take(queue, START), reading, START)
    now, taken = START + 3 * INTERVAL, []
    while (poll := queue.take(now)) is not None:
        taken.append(poll.kind)
        queue.finish(poll, a_status(), now)
    assert taken == kinds
