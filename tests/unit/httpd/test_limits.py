"""Whose connection is closed when there are too many, and the numbers that SECURITY.md promises."""

from pathlib import Path
from typing import Final

import pytest

from exporter.httpd.limits import ConnectionLimiter, Limits, Stage
from exporter.model.settings import Polling
from exporter.process.supervisor import PATIENCE

DOCUMENT: Final = " ".join((Path(__file__).parents[3] / "SECURITY.md").read_text(encoding="utf-8").split())
LIMITS: Final = Limits()
KIB: Final = 1024


@pytest.mark.parametrize(
    "promise",
    [
        f"At most {LIMITS.connections} connections are open",
        f"50 silent connections per second, for example, a new client has {LIMITS.connections // 2 // 50} s for its",
        f"{LIMITS.handshake:.0f} s for the TLS handshake, {LIMITS.head:.0f} s for the head of its request",
        f"and {LIMITS.body:.0f} s for the body",
        f"idle connection is closed after {LIMITS.idle:.0f} s",
        f"read within {LIMITS.write:.0f} s plus 1 s for every {LIMITS.write_rate // KIB} KiB",
        f"has at most {LIMITS.head_bytes // KIB} KiB, the body at most {LIMITS.body_bytes // KIB} KiB",
        f"All responses that are being sent have at most {LIMITS.unsent_bytes // KIB // KIB} MiB",
        f"{LIMITS.threads} threads build responses, {LIMITS.handshake_threads} do TLS handshakes",
        f"and {LIMITS.login_threads} check passwords",
        f"One path uses at most {LIMITS.threads_per_path} of the threads",
        f"waits {LIMITS.login:.0f} s receives status 429",
        f"`polling.probe_max_age` ({Polling(60.0, 32, 300.0).probe_max_age:.0f}s)",
        f"answers no client for {PATIENCE:.0f} s",
    ],
)
def test_the_document_promises_what_the_server_does(promise: str) -> None:
    assert promise in DOCUMENT


READING, IDLE, ANSWERING = Stage


class Crowd:
    """A limiter, its connections, which have letters for names, and those that were closed, in order."""

    def __init__(self, most: int = 10) -> None:
        self.limiter = ConnectionLimiter(most, most_unsent=100)
        self.named: dict[str, Connection] = {}
        self.closed = ""

    def add(self, stage: Stage, names: str) -> None:
        for name in names:
            self.named[name] = Connection(self, name)
            self.limiter.register(self.named[name])
            self.move(name, stage)

    def move(self, name: str, stage: Stage, *unsent: bytes) -> None:
        self.limiter.move(self.named[name], stage, unsent)


class Connection:
    def __init__(self, crowd: Crowd, name: str) -> None:
        self._crowd, self._name = crowd, name

    def cancel(self) -> None:
        self._crowd.closed += self._name


@pytest.mark.parametrize(
    ("most", "added", "closed"),
    [
        (2, [(READING, "ab")], ""),
        (2, [(READING, "abc")], "a"),
        (4, [(IDLE, "abcd"), (READING, "efghi")], "abcef"),
        (3, [(IDLE, "abc"), (READING, "defg")], "abde"),
        (3, [(ANSWERING, "a"), (IDLE, "b"), (ANSWERING, "c"), (READING, "def")], "bad"),
    ],
    ids=["there is room", "there is none", "half is for new ones", "or one more", "and readers go last"],
)
def test_who_is_closed_for_a_new_one(most: int, added: list[tuple[Stage, str]], closed: str) -> None:
    crowd = Crowd(most)
    for stage, names in added:
        crowd.add(stage, names)
    assert crowd.closed == closed


def test_within_a_stage_the_oldest_goes_first() -> None:
    crowd = Crowd()
    crowd.add(IDLE, "abc")
    crowd.move("a", READING)
    crowd.move("a", IDLE)
    for _ in range(4):
        crowd.limiter.evict_one()
    assert crowd.closed == "bca"


def test_one_that_was_evicted_may_still_move_and_end() -> None:
    crowd = Crowd(most=1)
    crowd.add(READING, "ab")
    crowd.move("a", ANSWERING, bytes(200))
    for _ in range(2):
        crowd.limiter.evict_one()
    crowd.limiter.unregister(crowd.named["a"])
    assert crowd.closed == "ab"


def test_answers_beyond_the_memory_for_them_evict_the_oldest_reader() -> None:
    crowd = Crowd()
    crowd.add(ANSWERING, "abcd")
    crowd.move("a", ANSWERING, bytes(60))
    crowd.move("b", ANSWERING, bytes(40))
    assert crowd.closed == ""
    crowd.move("c", ANSWERING, bytes(30))
    assert crowd.closed == "a"
    crowd.move("d", ANSWERING, bytes(500))
    assert crowd.closed == "abc", "an answer larger than all memory for them is still sent"


def test_what_many_read_at_once_counts_once() -> None:
    crowd, shared = Crowd(), bytes(80)
    crowd.add(ANSWERING, "abcd")
    for name in "abc":
        crowd.move(name, ANSWERING, shared, bytes(5))
    assert crowd.closed == ""
    crowd.move("d", ANSWERING, shared, bytes(6))
    assert crowd.closed == "a"


def test_shared_text_counts_until_its_last_reader_has_it() -> None:
    crowd, shared = Crowd(), bytes(80)
    crowd.add(ANSWERING, "abc")
    for name in "ab":
        crowd.move(name, ANSWERING, shared)
    crowd.move("a", IDLE)
    crowd.move("c", ANSWERING, bytes(20))
    assert crowd.closed == ""
    crowd.move("c", ANSWERING, bytes(21))
    assert crowd.closed == "b"
    crowd.move("a", ANSWERING, bytes(79))
    assert crowd.closed == "b"


def test_only_those_with_a_response_pending_are_kept_at_the_end() -> None:
    crowd = Crowd()
    for stage, name in zip(Stage, "abc", strict=True):
        crowd.add(stage, name)
    crowd.limiter.evict_all_but_answering()
    assert crowd.closed == "ab"
