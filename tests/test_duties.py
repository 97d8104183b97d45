"""What the main thread does between two signals, with a clock that is told to move."""

import queue
import signal
from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.config import Fingerprint
from exporter.duties import SETTLING, AutoReload, attend
from tests.clocks import ManualClock

FILE = Path("config.yaml")


class Files:
    """One file. ``written`` is its content; each reload takes it, as a load does, whether it is good or bad."""

    def __init__(self) -> None:
        self.written: bytes | None = b"first"
        self.held: Fingerprint = self.holds()
        self.reloads: list[bytes | None] = []

    def holds(self) -> Fingerprint:
        return {FILE: self.written}

    def reload(self) -> None:
        self.held = self.holds()
        self.reloads.append(self.written)


class Rig:
    def __init__(self, interval: float = 30.0) -> None:
        self.clock = ManualClock()
        self.files = Files()
        self.duty = AutoReload(self.files, self.files.reload, interval, self.clock)

    def look(self) -> float:
        """Move to when it is due, and give how long that took."""
        wait = self.duty.due - self.clock.monotonic()
        self.clock.advance(wait)
        self.duty.run()
        return wait


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_nothing_happens_while_nothing_changes(rig: Rig) -> None:
    assert [rig.look() for _ in range(3)] == [30.0, 30.0, 30.0]
    assert rig.files.reloads == []


def test_a_change_is_taken_once_it_has_settled(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    rig.files.written = b"second"
    assert rig.look() == 30.0
    assert rig.files.reloads == []
    assert rig.look() == SETTLING
    assert rig.files.reloads == [b"second"]
    assert rig.look() == 30.0
    assert len(rig.files.reloads) == 1
    assert [vars(record)["path"] for record in caplog.records] == [str(FILE)]


def test_a_file_that_is_being_written_is_left_alone_until_it_is_whole(rig: Rig) -> None:
    waits = []
    for written in (b"half", None, b"thr", b"three qu"):
        rig.files.written = written
        waits.append(rig.look())
    assert waits == [30.0, SETTLING, SETTLING, SETTLING]
    assert rig.files.reloads == []
    rig.files.written = b"whole"
    rig.look()
    rig.look()
    assert rig.files.reloads == [b"whole"]


def test_a_change_that_is_taken_back_is_none(rig: Rig) -> None:
    rig.files.written = None
    rig.look()
    rig.files.written = b"first"
    rig.look()
    assert rig.look() == 30.0
    assert rig.files.reloads == []


def test_a_file_that_stays_away_is_told_of_once(rig: Rig) -> None:
    rig.files.written = None
    for _ in range(5):
        rig.look()
    assert rig.files.reloads == [None]


def test_a_short_interval_is_never_made_longer() -> None:
    rig = Rig(interval=0.1)
    rig.files.written = b"second"
    rig.look()
    assert rig.look() == pytest.approx(0.1)


class Counting:
    """A duty that is always due, and puts a signal in the queue after its third time."""

    def __init__(self, signals: "queue.SimpleQueue[int]") -> None:
        self.signals = signals
        self.due = 0.0
        self.times = 0

    def run(self) -> None:
        self.times += 1
        if self.times == 3:
            self.signals.put(signal.SIGTERM)


def test_duties_are_done_until_a_signal_says_to_stop() -> None:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    duty = Counting(signals)
    attend(signals, lambda: pytest.fail("nobody asked for a reload"), [duty], SystemClock())
    assert duty.times == 3


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_each_sighup_is_one_reload(ending: signal.Signals) -> None:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGHUP, signal.SIGHUP, ending, signal.SIGHUP):
        signals.put(number)
    reloads = iter(range(10))
    attend(signals, lambda: next(reloads), [], SystemClock())
    assert next(reloads) == 2


def test_a_storm_of_sighups_does_not_keep_duties_waiting() -> None:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    duty = Counting(signals)

    def again() -> None:
        signals.put(signal.SIGHUP)

    again()
    attend(signals, again, [duty], SystemClock())
    assert duty.times >= 3
