"""The installed command against the simulated Z-API over TLS."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.ports import unreachable_port
from harness.processes import COMMAND, PATIENCE, ended, exporter, running
from harness.waiting import wait_until
from simulator.config_file import write_config
from simulator.fleet import healthy_fleet
from tests.builders import a_config, an_instance, some_polling
from tests.system.upstream import upstream

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


@pytest.fixture
def five(tmp_path: Path) -> Iterator[str]:
    """The flag that names the configuration of five healthy instances."""
    with upstream(tmp_path, healthy_fleet(5, 0.0), some_polling(), timeout=5.0) as served:
        yield f"--config.file={served.file}"


def test_once_prints_the_exposition_and_its_status_tells_of_failures(five: str) -> None:
    once = ended(five, "--once")
    assert once.returncode == 0
    assert once.stdout.count("\nzapi_instance_connected{") == 5
    assert ended("--demo", "--once").returncode == 2


def test_once_shows_its_progress_on_a_terminal_and_leaves_no_trace_of_it(five: str) -> None:
    terminal, theirs = pty.openpty()
    once = subprocess.run([COMMAND, five, "--once"], stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = _read_to_the_end(terminal).decode()
    os.close(terminal)
    assert "polled 0 of 5" in shown
    assert {_seen(line)[:3] for line in shown.split("\r\n")} == {"ts=", ""}, shown
    assert b"polled 0 of" not in once.stdout


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


def test_once_does_its_work_where_standard_error_is_closed(five: str) -> None:
    once = ended(five, "--once", program=("sh", "-c", 'exec "$@" 2>&-', "sh", COMMAND))
    assert once.returncode == 0
    assert once.stdout.count("zapi_instance_up{") == 5


def test_ctrl_c_ends_once_without_a_word(tmp_path: Path) -> None:
    with unreachable_port() as port:
        config = a_config(an_instance(), base_url=f"http://127.0.0.1:{port}", timeout=600)
        write_config(config, tmp_path / "config.yaml")
        arguments = [f"--config.file={tmp_path / 'config.yaml'}", "--once", "--log.level=error"]
        command = [*HEEDING_CTRL_C, COMMAND, *arguments]
        with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            wait_until(lambda: len(os.listdir(f"/proc/{process.pid}/task")) > 1, PATIENCE)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_an_address_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with exporter(tmp_path, "--demo=1", ready=False) as started:
        second = ended("--demo=1", f"--web.listen-address={started.url.removeprefix('http://')}")
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1


@pytest.mark.parametrize("descriptors", range(5, 10))
def test_a_process_with_too_few_descriptors_to_start_is_one_clear_line(descriptors: int) -> None:
    """From those that signals take to those that the web server does."""
    limited = ("sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", COMMAND)
    run = ended("--demo=3", "--web.listen-address=127.0.0.1:0", "--log.level=warning", program=limited)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "raise" in line
    assert "ulimit -n" in line


@pytest.mark.parametrize(
    ("threads", "demo"), [(0, True), (1, True), *((threads, False) for threads in range(6))]
)
def test_a_machine_with_too_few_threads_is_one_clear_line(five: str, threads: int, demo: bool) -> None:
    source = "--demo=3" if demo else five
    run = ended(source, "--web.listen-address=127.0.0.1:0", program=(*WITH_FEW_THREADS, str(threads)))
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "too few threads" in line
