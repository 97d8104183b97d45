"""What systemd is told, through a real socket."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

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
