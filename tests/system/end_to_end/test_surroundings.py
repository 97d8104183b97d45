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

from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from harness.processes import COMMAND, PATIENCE, Exporter, eventually, exporter, get
from harness.waiting import wait_until
from simulator.listener_mode import ListenerMode
from simulator.server import SimulatedZapi

PATIENT = (
    sys.executable,
    "-c",
    "from exporter import commands, __main__\ncommands._POLLS_GRACE = 600.0\n__main__.main()",
)
"""The command, with ten minutes of grace for polls in flight."""


def a_server(mode: ListenerMode = ListenerMode.HTTP) -> SimulatedZapi:
    member = SimulatedInstance(id="A" * 32, token="B" * 24, due=1_900_000_000.0, created=1_600_000_000.0)
    return SimulatedZapi([member], clock=SystemClock(), mode=mode)


def configured(folder: Path, zapi: SimulatedZapi, interval: str = "1s", timeout: str = "1s") -> str:
    file = folder / "config.yaml"
    file.write_text(
        f"api: {{base_url: '{zapi.base_url}', timeout: {timeout}}}\n"
        f"polling: {{interval: {interval}, stale_after: 1h}}\n"
        f"instances: [{{name: vendas, id: {'A' * 32}, token: {'B' * 24}}}]\n"
    )
    file.chmod(0o600)
    return f"--config.file={file}"


def polls_of(zapi: SimulatedZapi) -> int:
    return sum(zapi.requests.values())


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
def test_tight_limits_are_enough_for_an_instance(
    tmp_path: Path, zapi: SimulatedZapi, limits: tuple[str, ...]
) -> None:
    with exporter(tmp_path, configured(tmp_path, zapi), program=(*limits, COMMAND)) as running:
        eventually(lambda: value(running, "zapi_instance_polls_total") >= 3)
        assert value(running, "zapi_instance_up") == 1
        assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_within_the_grace_ends_it_with_status_0(
    tmp_path: Path, second: signal.Signals
) -> None:
    with (
        a_server(ListenerMode.SILENT) as zapi,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        ExitStack() as stack,
    ):
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE)
        file, environ = configured(tmp_path, zapi, "1m", "50s"), {"NOTIFY_SOCKET": str(tmp_path / "notify")}
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
