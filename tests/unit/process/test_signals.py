"""Signals of a process of its own, as they are the whole process's."""

import signal
import subprocess
import sys

import pytest

START = (
    "import os, signal; from exporter.process.signals import Signals; signals = Signals(one_off={one_off})\n"
)
STOP_ITSELF = "os.kill(os.getpid(), signal.SIGTERM)\n"


def run(script: str, *, one_off: bool = False) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", START.format(one_off=one_off) + script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_signal_is_lost_between_two_waits() -> None:
    done = run(
        "signals.collect()\n"
        "for _ in range(3): os.kill(os.getpid(), signal.SIGHUP)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "print(sorted(signals.wait(60.0)), sorted(signals.wait(0.0)))\n"
    )
    assert done.stdout == f"[{int(signal.SIGHUP)}, {int(signal.SIGTERM)}] []\n"


@pytest.mark.parametrize(("one_off", "status"), [(False, 0), (True, 143)])
def test_a_signal_ends_it_at_once_whatever_is_under_way(one_off: bool, status: int) -> None:
    script = f"try:\n    {STOP_ITSELF}finally:\n    print('cleaned up')\n"
    done = run(script, one_off=one_off)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_an_unwinding_command_cleans_up_once() -> None:
    cleaning_up = f"    print('cleaned up', flush=True)\n    {STOP_ITSELF}    print('never')\n"
    done = run(f"signals.unwind()\ntry:\n    {STOP_ITSELF}finally:\n{cleaning_up}", one_off=True)
    assert (done.returncode, done.stdout, done.stderr) == (143, "cleaned up\n", "")


def test_a_command_that_is_to_ignore_ctrl_c_does() -> None:
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    script = f"{ignore}{START.format(one_off=True)}os.kill(os.getpid(), signal.SIGINT); print('goes on')\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "goes on\n"
