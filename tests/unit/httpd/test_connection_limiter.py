"""Who is dropped when there are too many."""

import pytest

from exporter.httpd.connection_limiter import Crowd, Stage


class Guest:
    def __init__(self, name: str, left: list[str]) -> None:
        self.name = name
        self._left = left

    def drop(self) -> None:
        self._left.append(self.name)


@pytest.fixture
def dropped() -> list[str]:
    return []


def fill(crowd: Crowd, dropped: list[str], *guests: tuple[str, Stage]) -> dict[str, Guest]:
    made = {}
    for name, stage in guests:
        made[name] = Guest(name, dropped)
        crowd.join(made[name])
        crowd.move(made[name], stage)
    return made


def test_room_is_made_stage_by_stage_and_the_oldest_goes_first(dropped: list[str]) -> None:
    crowd = Crowd(10, 1000)
    fill(
        crowd,
        dropped,
        ("writing", Stage.WRITING),
        ("handling-1", Stage.HANDLING),
        ("idle", Stage.IDLE),
        ("waiting-1", Stage.WAITING),
        ("checking", Stage.CHECKING),
        ("waiting-2", Stage.WAITING),
        ("handling-2", Stage.HANDLING),
    )
    while len(crowd):
        crowd.drop_one()
    crowd.drop_one()
    newest_first = ["handling-2", "handling-1"]  # the oldest is nearest to its answer
    assert dropped == ["waiting-1", "waiting-2", "idle", "checking", "writing", *newest_first]


def test_nobody_is_dropped_while_there_is_room(dropped: list[str]) -> None:
    crowd = Crowd(2, 1000)
    fill(crowd, dropped, ("a", Stage.WAITING), ("b", Stage.WAITING))
    assert dropped == []
    fill(crowd, dropped, ("c", Stage.WAITING))
    assert (dropped, len(crowd)) == (["a"], 2)


def test_who_was_dropped_may_still_move_and_leave(dropped: list[str]) -> None:
    crowd = Crowd(1, 1000)
    first = fill(crowd, dropped, ("a", Stage.WAITING))["a"]
    fill(crowd, dropped, ("b", Stage.WAITING))
    crowd.move(first, Stage.HANDLING)
    crowd.leave(first)
    assert len(crowd) == 1


def test_answers_beyond_the_memory_for_them_drop_the_oldest_reader(dropped: list[str]) -> None:
    crowd = Crowd(10, 100)
    guests = fill(crowd, dropped, *((name, Stage.HANDLING) for name in "abc"))
    crowd.move(guests["a"], Stage.WRITING, unsent=60)
    crowd.move(guests["b"], Stage.WRITING, unsent=40)
    assert dropped == []
    crowd.move(guests["c"], Stage.WRITING, unsent=30)
    assert dropped == ["a"]


def test_an_answer_larger_than_all_memory_for_them_is_still_sent(dropped: list[str]) -> None:
    crowd = Crowd(10, 100)
    guests = fill(crowd, dropped, ("a", Stage.HANDLING), ("b", Stage.HANDLING))
    crowd.move(guests["a"], Stage.WRITING, unsent=50)
    crowd.move(guests["b"], Stage.WRITING, unsent=500)
    assert dropped == ["a"]


def test_what_was_sent_no_longer_counts(dropped: list[str]) -> None:
    crowd = Crowd(10, 100)
    guest = fill(crowd, dropped, ("a", Stage.HANDLING))["a"]
    other = fill(crowd, dropped, ("b", Stage.HANDLING))["b"]
    for _ in range(5):
        crowd.move(guest, Stage.WRITING, unsent=90)
        crowd.move(guest, Stage.IDLE)
    crowd.move(other, Stage.WRITING, unsent=90)
    assert dropped == []


def test_who_is_owed_an_answer_is_kept_while_the_others_are_seen_off(dropped: list[str]) -> None:
    crowd = Crowd(10, 100)
    fill(crowd, dropped, *((stage.name, stage) for stage in Stage))
    crowd.drop_all_but_served()
    assert dropped == ["WAITING", "IDLE", "CHECKING"]
