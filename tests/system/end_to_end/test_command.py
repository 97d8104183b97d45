"""The installed command against the simulated Z-API over TLS."""

import contextlib
import os
import pty
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from exporter.demo.scenario import Role, build_scenario, demo_config
from exporter.model.clock import SystemClock
from harness.ports import unreachable_port
from harness.processes import COMMAND, PATIENCE, Exporter, exporter, running
from harness.waiting import wait_until
from simulator.config_file import write_config
from simulator.server import SimulatedZapi
from tests.builders import a_config, an_instance

HEEDING_CTRL_C = [
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
]
"""Runs a command that a shell in the background would have told to ignore Ctrl+C."""

WITH_FEW_THREADS = [
    sys.executable,
    "-c",
    """
import sys, threading
from exporter import cli

def start(thread, start=threading.Thread.start, left=[None] * int(sys.argv.pop(1))):
    if not left:
        raise RuntimeError("can't start new thread")
    left.pop()
    start(thread)

threading.Thread.start = start
sys.exit(cli.main())
""",
]
"""The command on a machine that lets it start only so many threads as its first argument says."""


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


@pytest.fixture
def zapi(tmp_path: Path) -> Iterator[SimulatedZapi]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(tls)
    clock = SystemClock()
    members = [member for member in build_scenario(40, clock.time()) if member.role is Role.HEALTHY][:5]
    with SimulatedZapi([member.simulated for member in members], clock=clock, tls=tls) as simulated:
        config = demo_config(members, simulated.base_url)
        write_config(config, tmp_path / "config.yaml", ca_file=tmp_path / "ca.pem")
        yield simulated


@pytest.fixture
def started(zapi: SimulatedZapi, tmp_path: Path) -> Iterator[Exporter]:
    with exporter(tmp_path, f"--config.file={tmp_path / 'config.yaml'}") as command:
        yield command


def test_once_prints_the_exposition_and_its_status_tells_of_failures(
    zapi: SimulatedZapi, tmp_path: Path
) -> None:
    arguments = [COMMAND, f"--config.file={tmp_path / 'config.yaml'}", "--once"]
    run = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert run.stdout.count("\nzapi_instance_connected{") == 5
    demo = subprocess.run([COMMAND, "--demo", "--once"], capture_output=True, text=True, check=False)
    assert demo.returncode == 2


def test_once_shows_its_progress_on_a_terminal_and_leaves_no_trace_of_it(
    zapi: SimulatedZapi, tmp_path: Path
) -> None:
    terminal, theirs = pty.openpty()
    arguments = [COMMAND, f"--config.file={tmp_path / 'config.yaml'}", "--once"]
    run = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = _read_to_the_end(terminal).decode()
    os.close(terminal)
    assert "polled 0 of 5" in shown
    assert {_seen(line)[:3] for line in shown.split("\r\n")} == {"ts=", ""}, shown
    assert b"polled 0 of" not in run.stdout


def _read_to_the_end(terminal: int) -> bytes:
    """All that was written to a terminal which nothing has open any more; one read returns only a part of it."""
    data = b""
    with contextlib.suppress(OSError):  # EIO: how Linux says the end of a terminal
        while block := os.read(terminal, 65536):
            data += block
    return data


def _seen(line: str) -> str:
    """What a terminal shows of a line that was written over."""
    row = ""
    for part in line.split("\r"):
        row = part + row[len(part) :]
    return row.rstrip()


def test_once_does_its_work_where_standard_error_is_closed(zapi: SimulatedZapi, tmp_path: Path) -> None:
    command = f"exec {COMMAND} --config.file={tmp_path / 'config.yaml'} --once 2>&-"
    run = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert run.stdout.count("zapi_instance_up{") == 5


def test_ctrl_c_ends_once_without_a_word(tmp_path: Path) -> None:
    with unreachable_port() as port:
        config = a_config(an_instance(), base_url=f"http://127.0.0.1:{port}", timeout=600)
        write_config(config, tmp_path / "config.yaml")
        arguments = [f"--config.file={tmp_path / 'config.yaml'}", "--once", "--log.level=error"]
        command = [*HEEDING_CTRL_C, COMMAND, *arguments]
        with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            wait_until(lambda: threads(process.pid) > 1, PATIENCE)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_an_address_in_use_is_one_clear_line(started: Exporter) -> None:
    arguments = ["--demo=1", f"--web.listen-address={started.url.removeprefix('http://')}"]
    run = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("descriptors", range(5, 10))
def test_a_process_with_too_few_descriptors_to_start_is_one_clear_line(descriptors: int) -> None:
    """From those that signals take to those that the web server does."""
    limited = f'ulimit -n {descriptors}; exec "$@"'
    flags = ("--demo=3", "--web.listen-address=127.0.0.1:0", "--log.level=warning")
    run = subprocess.run(
        ["sh", "-c", limited, "sh", COMMAND, *flags], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "raise" in line
    assert "ulimit -n" in line


@pytest.mark.parametrize(
    ("threads", "demo"), [(0, True), (1, True), *((threads, False) for threads in range(6))]
)
def test_a_machine_with_too_few_threads_to_start_is_one_clear_line(
    zapi: SimulatedZapi, tmp_path: Path, threads: int, demo: bool
) -> None:
    source = "--demo=3" if demo else f"--config.file={tmp_path / 'config.yaml'}"
    flags = (source, "--web.listen-address=127.0.0.1:0")
    (tmp_path / "config.yaml").chmod(0o600)
    run = subprocess.run(
        [*WITH_FEW_THREADS, str(threads), *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "too few threads" in line
