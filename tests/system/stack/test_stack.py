"""``make stack``'s program, with its real children."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from harness.processes import PATIENCE, Prometheus, ended, eventually, get
from harness.waiting import wait_until
from stack.__main__ import main
from stack.shipped import ROOT
from tests.shipped.prometheus.tools import rules

ANY_PORTS: Final = ("--exporter-port=0", "--prometheus-port=0", "--alertmanager-port=0")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture
def stack(output: Path, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The stack, sixty times as quick as shipped, so that its first message comes within seconds."""
    command = [sys.executable, "-m", "stack", "--speed=60", *ANY_PORTS]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with output.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=stream, stderr=stream)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def url(output: Path, name: str) -> str:
    found = re.search(rf"^{name}.*(http://127\.[\d.]+:\d+\S*)", output.read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.needs("prometheus", "prometheus-alertmanager")
def test_the_stack_scrapes_the_demo_and_tells_alerts(stack: "subprocess.Popen[bytes]", output: Path) -> None:
    wait_until(lambda: "Ctrl+C" in output.read_text(), PATIENCE)
    alerts = url(output, "Every alert")
    assert get(alerts)
    prometheus = Prometheus(stack, alerts.removesuffix("/classic/alerts").removesuffix("/alerts"))
    alertmanager = url(output, "Alertmanager").rstrip("/")
    eventually(lambda: prometheus.values("up") == [1])
    groups = json.loads(get(f"{prometheus.url}/api/v1/rules"))["data"]["groups"]
    assert {rule["name"] for group in groups for rule in group["rules"]} == {rule.name for rule in rules()}
    eventually(lambda: json.loads(get(f"{alertmanager}/api/v2/alerts")) != [])
    wait_until(lambda: " to on-call: [CRITICAL] " in output.read_text(), PATIENCE)
    assert "[CRITICAL] " in get(url(output, "Messages"))


@pytest.mark.needs("prometheus", "prometheus-alertmanager")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it_and_leaves_nothing(
    stack: "subprocess.Popen[bytes]", output: Path, tmp_path: Path, number: signal.Signals
) -> None:
    wait_until(lambda: "Ctrl+C" in output.read_text(), PATIENCE)
    children = started(descendants(stack.pid))
    assert len(children) == 3, output.read_text()
    stack.send_signal(number)
    assert stack.wait(PATIENCE) == 0
    assert not children & started(pid for pid, _ in children)
    assert list(tmp_path.glob("zapi-stack-*")) == []


@pytest.mark.needs("prometheus", "prometheus-alertmanager")
def test_a_program_that_ends_ends_all_and_is_named(stack: "subprocess.Popen[bytes]", output: Path) -> None:
    wait_until(lambda: "Ctrl+C" in output.read_text(), PATIENCE)
    children = started(descendants(stack.pid))
    [exporter] = [pid for pid, _ in children if b"--demo=" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(exporter, signal.SIGKILL)
    assert stack.wait(PATIENCE) == 1
    assert "exporter ended with status -9" in output.read_text()
    assert not children & started(pid for pid, _ in children)


def test_a_missing_program_is_named_with_the_way_to_install_it(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    run = ended(program=(sys.executable, "-m", "stack"), environ=environ)
    assert run.returncode == 1
    assert run.stderr == (
        "prometheus and prometheus-alertmanager not found on the PATH; on Debian: "
        "sudo apt-get install --no-install-recommends prometheus prometheus-alertmanager\n"
    )


@pytest.mark.parametrize("speed", ["0", "61", "nan", "fast"])
def test_a_speed_that_could_tell_nothing_is_refused(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--speed={speed}"])
    assert ended.value.code == 2
    assert "is no number from 1 (as shipped) to 60" in capsys.readouterr().err


def descendants(pid: int) -> list[int]:
    """The children of a process, asked for one by one: the list in /proc/PID/task may lack some while another ends."""
    running = map(int, filter(str.isdecimal, os.listdir("/proc")))
    return [child for child in running if _stat(child)[1:2] == [str(pid)]]


def started(pids: Iterable[int]) -> set[tuple[int, str]]:
    """Those of the processes that there are, each with the moment of its start: a number may be given again."""
    return {(pid, stat[19]) for pid in pids if (stat := _stat(pid))}


def _stat(pid: int) -> list[str]:
    """What the system says of a process after its name (proc(5)), or nothing if it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []
