"""Parts of the process that stall or fail, with a clock that is told to move."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.process.supervisor import PATIENCE, PartFailed, Supervisor
from exporter.process.systemd import Systemd
from harness.notifications import Heard, listening
from tests.clocks import ManualClock


class Rig:
    """A supervisor of a part that works and one that may not, with a watchdog that waits so many microseconds."""

    def __init__(self, address: Path, watchdog: str = "6000000") -> None:
        self.clock = ManualClock()
        self.failed: str | None = None
        self.stalled: str | None = None
        systemd = Systemd({"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": watchdog}, self.clock)
        self.supervisor = Supervisor(
            [lambda: None, lambda: self.failed], [lambda: None, lambda: self.stalled], systemd, self.clock
        )

    def look(self, times: int = 1) -> None:
        """Move to when the supervisor is due, and have it look."""
        for _ in range(times):
            self.clock.advance(self.supervisor.due - self.clock.monotonic())
            self.supervisor.run()


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "notify"


@pytest.fixture
def heard(address: Path) -> Iterator[Heard]:
    with listening(str(address)) as listener:
        yield listener


@pytest.fixture
def rig(address: Path, heard: Heard) -> Rig:
    return Rig(address)


@pytest.mark.parametrize(
    ("watchdog", "interval", "told"), [("6000000", 3.0, 3), ("30000000", 5.0, 3), ("", 5.0, 0)]
)
def test_a_sign_of_life_comes_twice_an_interval_while_all_works(
    address: Path, heard: Heard, watchdog: str, interval: float, told: int
) -> None:
    rig = Rig(address, watchdog)
    start = rig.clock.monotonic()
    rig.look(3)
    assert rig.clock.monotonic() - start == 2 * interval
    assert [heard.next() for _ in range(told)] == [{"WATCHDOG": "1"}] * told
    assert heard.is_silent_for(0.01)


def test_a_stalled_part_ends_the_process(rig: Rig, heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    for stalled, times in (("the web stalls", 19), (None, 1), ("polling stalls", 19)):
        rig.stalled = stalled
        rig.look(times)
    assert heard.next() == {"WATCHDOG": "1"}
    assert heard.is_silent_for(0.01)
    assert caplog.messages == ["the web stalls", "polling stalls"]
    with pytest.raises(PartFailed, match=r"^polling stalls for 60 seconds$"):
        rig.look()


def test_a_process_that_stood_still_itself_is_not_ended(rig: Rig) -> None:
    rig.look()
    rig.stalled = "the web stalls"
    rig.clock.advance(10 * PATIENCE)
    rig.supervisor.run()
    assert rig.supervisor.due - rig.clock.monotonic() == 3.0


def test_a_part_that_failed_ends_the_process_at_once(rig: Rig, heard: Heard) -> None:
    rig.failed, rig.stalled = "the web server ended by itself", "polling stalls"
    with pytest.raises(PartFailed, match=r"^the web server ended by itself$"):
        rig.look()
    assert heard.is_silent_for(0.01)
