"""Parts of the process that stall or fail, with a clock that is told to move."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.process.supervisor import PATIENCE, PartFailed, Supervisor
from exporter.process.systemd import Systemd
from harness.notifications import Heard, listening
from tests.clocks import ManualClock


class Rig:
    """A supervisor of one part, with a watchdog that waits for 6 s."""

    def __init__(self, address: str) -> None:
        self.clock = ManualClock()
        self.failed: str | None = None
        self.stalled: str | None = None
        environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "6000000"}
        systemd = Systemd(environ, self.clock)
        self.supervisor = Supervisor([lambda: self.failed], [lambda: self.stalled], systemd, self.clock)

    def look(self) -> None:
        """Move to when the supervisor is due, and have it look."""
        self.clock.advance(self.supervisor.due - self.clock.monotonic())
        self.supervisor.run()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    with listening(str(tmp_path / "notify")) as listener:
        yield listener


@pytest.fixture
def rig(tmp_path: Path, heard: Heard) -> Rig:
    return Rig(str(tmp_path / "notify"))


def test_a_sign_of_life_comes_twice_an_interval_while_all_works(rig: Rig, heard: Heard) -> None:
    moments = []
    for _ in range(3):
        rig.look()
        moments.append(rig.clock.monotonic())
        assert heard.next() == {"WATCHDOG": "1"}
    assert [later - moments[0] for later in moments] == [0, 3, 6]


def test_nothing_is_heard_while_a_part_stalls_and_it_is_logged_once(
    rig: Rig, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    rig.stalled = "the web stalls"
    for _ in range(3):
        rig.look()
    assert caplog.messages == ["the web stalls"]
    rig.stalled = None
    rig.look()
    assert heard.next() == {"WATCHDOG": "1"}
    assert heard.is_silent_for(0.01)


def test_a_part_that_stalls_for_long_ends_the_process(rig: Rig) -> None:
    rig.look()
    rig.stalled = "the web stalls"
    started = rig.clock.monotonic()
    while rig.clock.monotonic() - started < PATIENCE - 5:
        rig.look()
    with pytest.raises(PartFailed, match="the web stalls for 60 seconds"):
        rig.look()


def test_a_process_that_stood_still_itself_is_not_ended(rig: Rig) -> None:
    rig.look()
    rig.stalled = "the web stalls"
    rig.clock.advance(10 * PATIENCE)
    rig.supervisor.run()
    rig.stalled = None
    rig.look()


def test_a_part_that_failed_ends_the_process_at_once(rig: Rig) -> None:
    rig.look()
    rig.failed = "the web server ended by itself"
    with pytest.raises(PartFailed, match="ended by itself"):
        rig.look()
