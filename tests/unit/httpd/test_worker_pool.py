import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from functools import partial

import pytest

from exporter.httpd.worker_pool import Threads
from harness.waiting import wait_until

PATIENCE = 20.0
NAME = "test-threads"


@pytest.fixture
def threads() -> Iterator[Threads]:
    four = Threads(4, NAME)
    yield four
    four.close()
    wait_until(lambda: not alive())


def alive() -> int:
    return sum(thread.name.startswith(NAME) for thread in threading.enumerate())


def test_one_thread_is_there_from_the_start(threads: Threads) -> None:
    assert alive() == 1


def test_as_many_threads_as_allowed_work_at_once(threads: Threads) -> None:
    for _ in range(50):
        threads.submit(gc.isenabled).result(PATIENCE)
    meeting = threading.Barrier(4)
    outcomes = [threads.submit(lambda: meeting.wait(PATIENCE)) for _ in range(12)]
    assert sorted(outcome.result(PATIENCE) for outcome in outcomes) == sorted([0, 1, 2, 3] * 3)
    assert alive() == 4


def test_work_is_begun_in_turn(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    begun: list[int] = []
    outcomes = [threads.submit(partial(begun.append, number)) for number in range(20)]
    for outcome in outcomes:
        outcome.result(PATIENCE)
    assert begun == list(range(20))


def test_a_machine_without_even_one_thread_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(RuntimeError):
        Threads(4, NAME)


def test_work_that_was_cancelled_before_its_turn_is_not_done(threads: Threads) -> None:
    release = threading.Event()
    done: list[str] = []
    busy = [threads.submit(lambda: release.wait(PATIENCE)) for _ in range(4)]
    cancelled = threads.submit(lambda: done.append("cancelled"))
    wanted = threads.submit(lambda: done.append("wanted"))
    assert cancelled.cancel()
    release.set()
    wanted.result(PATIENCE)
    assert all(outcome.result(PATIENCE) for outcome in busy)
    assert done == ["wanted"]


def test_a_thread_outlives_whatever_its_work_raises(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(SystemExit):
        threads.submit(sys.exit).result(PATIENCE)
    assert threads.submit(lambda: "alive").result(PATIENCE) == "alive"


def test_an_idle_thread_keeps_nothing_of_what_it_did(threads: Threads) -> None:
    class Answer:
        """Large."""

    outcome = threads.submit(Answer)
    answer = weakref.ref(outcome.result(PATIENCE))
    del outcome

    def forgotten() -> bool:
        gc.collect()
        return answer() is None

    wait_until(forgotten)


def test_work_that_hangs_does_not_keep_the_process() -> None:
    code = (
        "import threading; from exporter.httpd.worker_pool import Threads\n"
        "threads, begun = Threads(1, 'hangs'), threading.Event()\n"
        "threads.submit(lambda: (begun.set(), threading.Event().wait()))\n"
        "begun.wait(); threads.close()\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
