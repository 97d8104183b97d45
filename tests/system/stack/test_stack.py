"""``make stack``: its program with its real children, its page of messages, its quicker copies of the shipped files."""

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

from exporter.config.validators import parse_duration
from harness.processes import PATIENCE, Prometheus, ended, eventually, get
from harness.waiting import wait_until
from stack.__main__ import main
from stack.page import Message, render
from stack.shipped import ALERTMANAGER, BY_THE_CLOCK, PROMETHEUS, ROOT
from stack.speed import hurry
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


def test_the_newest_message_comes_first_and_each_once() -> None:
    page = render(
        [
            Message("on-call", "[CRITICAL] vendas is disconnected", "Scan the code."),
            Message("sales", "[CRITICAL] vendas is disconnected", "Scan the code."),
            Message("on-call", "[RESOLVED] vendas is disconnected", "Resolved"),
        ]
    )
    assert page.count("<article") == 2
    assert page.index('class="resolved"') < page.index('class="critical"')
    assert "to on-call and sales" in page


def test_names_are_text_and_no_markup() -> None:
    assert "<script>" not in render([Message("<script>", "<script>", "<script>")])


def test_a_page_without_messages_says_so() -> None:
    assert "Nothing yet." in render([])


def test_the_page_speaks_portuguese_with_the_colours_of_the_severities() -> None:
    page = render(
        [Message(name, "[CRÍTICO] vendas", "Leia o QR code.") for name in ("plantão", "vendas")], "pt-BR"
    )
    assert '<html lang="pt-BR">' in page
    assert "para plantão e vendas" in page
    assert 'class="crítico"' in page
    assert ".critical, .crítico {" in page


FILES = [
    *sorted(file for file in (PROMETHEUS / "rules").glob("*.yaml") if file.name not in BY_THE_CLOCK),
    PROMETHEUS / "prometheus.yaml",
    ALERTMANAGER / "alertmanager.yaml",
]
DURATION = re.compile(r"(?<![\w.])(?:\d+(?:ms|[smhdwy]))+(?!\w)")


def without_comments(text: str) -> str:
    return re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_duration_is_so_many_times_shorter_and_nothing_else_changes(file: Path) -> None:
    shipped = without_comments(file.read_text())
    hurried = without_comments(hurry(file.read_text(), 60))
    assert [parse_duration(text) * 60 for text in DURATION.findall(hurried)] == [
        parse_duration(text) for text in DURATION.findall(shipped)
    ]
    kept = re.sub(r"\(\((.+)\) / 60\)", r"(\1)", DURATION.sub("…", hurried))
    assert kept == DURATION.sub("…", shipped)


def test_thresholds_in_seconds_are_shorter_but_for_those_of_an_expiry() -> None:
    shipped = (PROMETHEUS / "rules" / "thresholds.yaml").read_text()
    of_seconds = re.findall(r"record: zapi:threshold:(\w+_seconds)", shipped)
    text = hurry(shipped, 60)
    shortened = re.findall(r"threshold:(\w+)\n +expr: vector\(\(", text)
    assert shortened == [name for name in of_seconds if not name.startswith("expiring_")]
    assert "disconnected_seconds" in shortened
    assert "expr: vector(7 * 86400)" in text


def test_nothing_is_made_shorter_than_the_machine_is_quick() -> None:
    assert hurry("group_wait: 30s\ngroup_interval: 5m\nfor: 1s\n", 60, least=2) == (
        "group_wait: 2s\ngroup_interval: 5s\nfor: 1s\n"
    )


def test_the_speed_of_the_shipped_files_is_one() -> None:
    assert hurry("for: 5m\n", 1) == "for: 5m\n"
