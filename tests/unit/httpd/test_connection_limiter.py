"""Whose connection is closed when there are too many."""

import pytest

from exporter.httpd.connection_limiter import ConnectionLimiter, Stage


class Connection:
    def __init__(self, name: str, closed: list[str]) -> None:
        self.name = name
        self._closed = closed

    def cancel(self) -> None:
        self._closed.append(self.name)


@pytest.fixture
def closed() -> list[str]:
    return []


def fill(limiter: ConnectionLimiter, closed: list[str], *made: tuple[str, Stage]) -> dict[str, Connection]:
    connections = {}
    for name, stage in made:
        connections[name] = Connection(name, closed)
        limiter.register(connections[name])
        limiter.move(connections[name], stage)
    return connections


def test_half_of_the_places_are_for_those_whose_request_is_awaited(closed: list[str]) -> None:
    limiter = ConnectionLimiter(4, 1000)
    fill(limiter, closed, *((f"idle-{number}", Stage.IDLE) for number in range(4)))
    fill(limiter, closed, *((f"new-{number}", Stage.READING) for number in range(5)))
    assert closed == ["idle-0", "idle-1", "idle-2", "new-0", "new-1"]


def test_readers_of_answers_make_room_once_nobody_is_idle(closed: list[str]) -> None:
    limiter = ConnectionLimiter(3, 1000)
    fill(limiter, closed, ("a-1", Stage.ANSWERING), ("idle", Stage.IDLE), ("a-2", Stage.ANSWERING))
    fill(limiter, closed, ("new-1", Stage.READING), ("new-2", Stage.READING), ("new-3", Stage.READING))
    assert closed == ["idle", "a-1", "new-1"]


def test_within_a_stage_the_oldest_goes_first(closed: list[str]) -> None:
    limiter = ConnectionLimiter(10, 1000)
    made = fill(limiter, closed, *((name, Stage.IDLE) for name in "abc"))
    limiter.move(made["a"], Stage.READING)
    limiter.move(made["a"], Stage.IDLE)
    for _ in range(4):
        limiter.evict_one()
    assert closed == ["b", "c", "a"]


def test_nobody_is_closed_while_there_is_room(closed: list[str]) -> None:
    limiter = ConnectionLimiter(2, 1000)
    fill(limiter, closed, ("a", Stage.READING), ("b", Stage.READING))
    assert closed == []
    fill(limiter, closed, ("c", Stage.READING))
    assert closed == ["a"]
    for _ in range(3):
        limiter.evict_one()
    assert closed == ["a", "b", "c"]


def test_one_that_was_evicted_may_still_move_and_end(closed: list[str]) -> None:
    limiter = ConnectionLimiter(1, 1000)
    first = fill(limiter, closed, ("a", Stage.READING))["a"]
    fill(limiter, closed, ("b", Stage.READING))
    limiter.move(first, Stage.ANSWERING)
    limiter.unregister(first)
    for _ in range(2):
        limiter.evict_one()
    assert closed == ["a", "b"]


def test_answers_beyond_the_memory_for_them_evict_the_oldest_reader(closed: list[str]) -> None:
    limiter = ConnectionLimiter(10, 100)
    made = fill(limiter, closed, *((name, Stage.ANSWERING) for name in "abcd"))
    limiter.move(made["a"], Stage.ANSWERING, unsent=[bytes(60)])
    limiter.move(made["b"], Stage.ANSWERING, unsent=[bytes(40)])
    assert closed == []
    limiter.move(made["c"], Stage.ANSWERING, unsent=[bytes(30)])
    assert closed == ["a"]


def test_an_answer_larger_than_all_memory_for_them_is_still_sent(closed: list[str]) -> None:
    limiter = ConnectionLimiter(10, 100)
    made = fill(limiter, closed, ("a", Stage.ANSWERING), ("b", Stage.ANSWERING))
    limiter.move(made["a"], Stage.ANSWERING, unsent=[bytes(50)])
    limiter.move(made["b"], Stage.ANSWERING, unsent=[bytes(500)])
    assert closed == ["a"]


def test_what_many_read_at_once_counts_once(closed: list[str]) -> None:
    limiter, shared = ConnectionLimiter(10, 100), bytes(80)
    made = fill(limiter, closed, *((name, Stage.ANSWERING) for name in "abcd"))
    for name in "abc":
        limiter.move(made[name], Stage.ANSWERING, unsent=[shared, bytes(5)])
    assert closed == []
    limiter.move(made["d"], Stage.ANSWERING, unsent=[shared, bytes(6)])
    assert closed == ["a"]


def test_shared_text_counts_until_its_last_reader_has_it(closed: list[str]) -> None:
    limiter, shared = ConnectionLimiter(10, 100), bytes(80)
    made = fill(limiter, closed, *((name, Stage.ANSWERING) for name in "abc"))
    for name in "ab":
        limiter.move(made[name], Stage.ANSWERING, unsent=[shared])
    limiter.move(made["a"], Stage.IDLE)
    limiter.move(made["c"], Stage.ANSWERING, unsent=[bytes(20)])
    assert closed == []
    limiter.move(made["c"], Stage.ANSWERING, unsent=[bytes(21)])
    assert closed == ["b"]
    limiter.move(made["a"], Stage.ANSWERING, unsent=[bytes(79)])
    assert closed == ["b"]


def test_what_was_sent_no_longer_counts(closed: list[str]) -> None:
    limiter = ConnectionLimiter(10, 100)
    made = fill(limiter, closed, ("a", Stage.ANSWERING), ("b", Stage.ANSWERING))
    for _ in range(5):
        limiter.move(made["a"], Stage.ANSWERING, unsent=[bytes(90)])
        limiter.move(made["a"], Stage.IDLE)
    limiter.move(made["b"], Stage.ANSWERING, unsent=[bytes(90)])
    assert closed == []


def test_only_those_with_a_response_pending_are_kept_at_the_end(closed: list[str]) -> None:
    limiter = ConnectionLimiter(10, 100)
    fill(limiter, closed, *((stage.name, stage) for stage in Stage))
    limiter.evict_all_but_answering()
    assert closed == ["READING", "IDLE"]
