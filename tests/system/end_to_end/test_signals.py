"""Signals to the installed command, from the first moment to the last, also as process 1 of a container."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.gates import import_gate
from harness.processes import COMMAND, PATIENCE, child_of, ended, exporter, running
from harness.waiting import wait_until

AS_PROCESS_1 = ("unshare", "--pid", "--fork", "--kill-child")
STARTS = {
    "command": (COMMAND,),
    "module": (sys.executable, "-m", "exporter"),
    "optimized": (sys.executable, "-O", "-m", "exporter"),
    "process 1": (*AS_PROCESS_1, COMMAND),
}
ENDING = (signal.SIGTERM, signal.SIGINT)


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("start", STARTS)
def test_a_signal_amid_imports_is_a_clean_end(tmp_path: Path, start: str, number: signal.Signals) -> None:
    gate = import_gate(tmp_path / "gate", "argparse")
    command = [*STARTS[start], "--demo", "--web.listen-address=127.0.0.1:0"]
    log = tmp_path / "log"
    with (
        log.open("wb") as stderr,
        running(command, stderr=stderr, environ=gate.environ) as process,
        gate.closed(PATIENCE),
    ):
        os.kill(child_of(process.pid) if start == "process 1" else process.pid, number)
        assert process.wait(PATIENCE) == 0
    assert log.read_text() == ""


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("start", [(), AS_PROCESS_1])
def test_a_signal_that_was_blocked_at_first_is_obeyed(start: Sequence[str], number: signal.Signals) -> None:
    """The image starts the exporter so: the kernel keeps a blocked signal until there is a handler."""
    name = number.name.removeprefix("SIG")
    blocked = ("env", f"--block-signal={name}", "sh", "-c", f'kill -{name} $$; exec "$@"', "sh")
    done = ended("--demo", "--web.listen-address=127.0.0.1:0", program=(*start, *blocked, COMMAND))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments", [("--once",), ("--config.check",)])
def test_an_interrupted_one_off_command_reports_no_success(tmp_path: Path, arguments: Sequence[str]) -> None:
    gate = import_gate(tmp_path / "gate", "argparse")
    with running([COMMAND, "--demo", *arguments], environ=gate.environ) as process, gate.closed(PATIENCE):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_sighup_amid_the_imports_is_a_reload_as_soon_as_it_runs(tmp_path: Path) -> None:
    gate = import_gate(tmp_path / "gate", "argparse")
    command = [COMMAND, "--demo=1", "--web.listen-address=127.0.0.1:0"]
    log = tmp_path / "log"
    with log.open("wb") as stderr, running(command, stderr=stderr, environ=gate.environ) as process:
        with gate.closed(PATIENCE):
            process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the configuration was reloaded" in log.read_text(), PATIENCE)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_sighup_does_not_end_a_one_off_command(tmp_path: Path) -> None:
    gate = import_gate(tmp_path / "gate", "argparse")
    command = [COMMAND, "--demo=1", "--once"]
    with running(command, stdout=subprocess.DEVNULL, environ=gate.environ) as process:
        with gate.closed(PATIENCE):
            process.send_signal(signal.SIGHUP)
        assert process.wait(PATIENCE) == 0


def test_sigterm_amid_a_reload_that_hangs_ends_it(tmp_path: Path) -> None:
    script = """
import threading
from exporter.reloader import Reloader
def hang(self):
    open(RELOADING, "w").close()
    threading.Event().wait()
Reloader.reload = hang
from exporter.__main__ import main
main()
""".replace("RELOADING", repr(str(tmp_path / "reloading")))
    with exporter(tmp_path, "--demo=1", program=(sys.executable, "-c", script)) as started:
        started.process.send_signal(signal.SIGHUP)
        wait_until((tmp_path / "reloading").exists, PATIENCE)
        assert started.metrics()
        started.process.send_signal(signal.SIGTERM)
        assert started.process.wait(PATIENCE) == 0
