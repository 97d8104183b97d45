"""What systemd is told, through a real socket, also by the supervisor of parts that stall or fail."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.process.supervisor import PATIENCE, PartFailed, Supervisor
from exporter.process.systemd import Systemd
from harness.notifications import Heard, listening
from tests.clocks import ManualClock

CLOCK = ManualClock(monotonic=12.5)


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@zapi-exporter-{uuid.uuid4().hex}"


@pytest.fixture
def heard(address: str) -> Iterator[Heard]:
    with listening(address) as listener:
        yield listener


def test_each_moment_is_told(address: str, heard: Heard) -> None:
    Systemd({"NOTIFY_SOCKET": address}, CLOCK).alive()  # no watchdog waits for it
    systemd = Systemd({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}, CLOCK)
    systemd.ready("polling 3 instances")
    assert heard.next() == {"READY": "1", "STATUS": "polling 3 instances"}
    systemd.reloading()
    assert heard.next() == {"RELOADING": "1", "MONOTONIC_USEC": "12500000"}
    systemd.alive()
    assert heard.next() == {"WATCHDOG": "1"}
    systemd.stopping()
    assert heard.next() == {"STOPPING": "1", "STATUS": "stopping"}


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_listener_nobody_is_told(environ: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    systemd = Systemd({**environ, "WATCHDOG_USEC": "1000000"}, CLOCK)
    systemd.ready("polling")
    assert systemd.watchdog_interval is None
    assert caplog.records == []


def test_a_socket_that_nobody_has_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with listening(str(tmp_path / "left")):
        pass
    for name, why in (("gone", "No such file or directory"), ("left", "Connection refused")):
        Systemd({"NOTIFY_SOCKET": str(tmp_path / name)}, CLOCK).stopping()
        assert caplog.messages.pop() == "systemd could not be notified"
        told = vars(caplog.records.pop())
        assert (told["what"], told["error"]) == ("STOPPING=1", why)


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "\u00b2"}, None),
        ({"WATCHDOG_USEC": "9" * 5000}, 999_999_999_999.999999),
        ({}, None),
    ],
)
def test_the_watchdog_is_the_one_systemd_asks_for(environ: dict[str, str], interval: float | None) -> None:
    assert Systemd({"NOTIFY_SOCKET": "/socket", **environ}, CLOCK).watchdog_interval == interval


class Rig:
    """A supervisor of a part that works and one that may not, with a watchdog that waits so many microseconds."""

    def __init__(self, address: str, watchdog: str = "6000000") -> None:
        self.clock = ManualClock()
        self.failed: str | None = None
        self.stalled: str | None = None
        systemd = Systemd({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": watchdog}, self.clock)
        self.supervisor = Supervisor(
            [lambda: None, lambda: self.failed], [lambda: None, lambda: self.stalled], systemd, self.clock
        )

    def look(self, times: int = 1) -> None:
        """Move to when the supervisor is due, and have it look."""
        for _ in range(times):
            self.clock.advance(self.supervisor.due - self.clock.monotonic())
            self.supervisor.run()


@pytest.fixture
def rig(address: str, heard: Heard) -> Rig:
    return Rig(address)


@pytest.mark.parametrize(
    ("watchdog", "interval", "told"), [("6000000", 3.0, 3), ("30000000", 5.0, 3), ("", 5.0, 0)]
)
def test_a_sign_of_life_comes_twice_an_interval_while_all_works(
    address: str, heard: Heard, watchdog: str, interval: float, told: int
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
