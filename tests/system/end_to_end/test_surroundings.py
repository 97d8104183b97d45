"""What happens around the process: time zones, a machine that sleeps, tight limits, impatient supervisors, pairs."""

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

import pytest

from exporter.model.clock import SystemClock
from harness.processes import COMMAND, PATIENCE, Exporter, eventually, exporter, get
from harness.waiting import wait_until
from simulator.config_file import write_config
from simulator.listener_mode import ListenerMode
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, an_instance, some_polling

PATIENT = (
    sys.executable,
    "-c",
    "from exporter import commands, __main__\ncommands._POLLS_GRACE = 600.0\n__main__.main()",
)
"""The command, with ten minutes of grace for polls in flight."""


def a_server(mode: ListenerMode = ListenerMode.HTTP) -> SimulatedZapi:
    return SimulatedZapi([a_simulated()], clock=SystemClock(), mode=mode)


def configured(folder: Path, zapi: SimulatedZapi, interval: float = 1.0, timeout: float = 1.0) -> str:
    polling = some_polling(interval, stale_after=3600.0)
    config = a_config(an_instance(), base_url=zapi.base_url, timeout=timeout, polling=polling)
    write_config(config, folder / "config.yaml")
    return f"--config.file={folder / 'config.yaml'}"


def value(running: Exporter, name: str) -> float:
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", running.metrics(), re.MULTILINE)
    assert found is not None, name
    return float(found[1])


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with a_server() as server:
        yield server


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "no/such"])
def test_a_time_zone_moves_no_time_that_is_told(tmp_path: Path, zapi: SimulatedZapi, zone: str) -> None:
    before = datetime.now(timezone.utc)
    with exporter(tmp_path, configured(tmp_path, zapi), environ={"TZ": zone, "PATH": "/usr/bin"}) as running:
        due = value(running, "zapi_instance_due_timestamp_seconds")
        polled = value(running, "zapi_instance_last_poll_timestamp_seconds")
        page = get(f"{running.url}/")
        logged = re.findall(r"(?m)^(?:time|ts)=(\S+)", running.log.read_text())
    now = datetime.now(timezone.utc)
    assert due == 1_900_000_000.0
    assert before.timestamp() <= polled <= now.timestamp()
    assert logged
    assert all(before <= datetime.fromisoformat(text.replace("Z", "+00:00")) <= now for text in logged)
    assert "2030-03-17" in page


@pytest.mark.parametrize(
    "limits",
    [
        ("prlimit", f"--as={1 << 30}"),
        ("prlimit", "--nofile=64"),
        ("taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))),
    ],
    ids=["1 GiB of addresses", "64 descriptors", "one processor"],
)
def test_tight_limits_are_still_enough(tmp_path: Path, zapi: SimulatedZapi, limits: tuple[str, ...]) -> None:
    with exporter(tmp_path, configured(tmp_path, zapi), program=(*limits, COMMAND)) as running:
        eventually(lambda: value(running, "zapi_instance_polls_total") >= 3)
        assert value(running, "zapi_instance_up") == 1
        assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_in_the_grace_ends_it_with_status_0(tmp_path: Path, second: signal.Signals) -> None:
    with (
        a_server(ListenerMode.SILENT) as zapi,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        ExitStack() as stack,
    ):
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE)
        file, environ = configured(tmp_path, zapi, 60.0, 50.0), {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        running = stack.enter_context(exporter(tmp_path, file, environ=environ, ready=False, program=PATIENT))
        wait_until(lambda: value(running, "zapi_exporter_polls_in_flight") == 1, PATIENCE)
        running.process.send_signal(signal.SIGTERM)
        while b"STOPPING=1" not in systemd.recv(4096):
            pass
        running.process.send_signal(second)
        assert running.process.wait(PATIENCE) == 0
        log = running.log.read_text()
        assert "Traceback" not in log
        assert "stopped" not in log  # it did not wait for the poll
