"""What may happen to the process of the installed command, and how it ends."""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import bcrypt
import pytest

from harness.processes import COMMAND, PATIENCE, child_of, ended, eventually, exporter, get, running
from harness.waiting import wait_until
from tests.unit.httpd.serving import header

DROPPED = re.compile(r"^zapi_exporter_log_lines_dropped_total (\S+)$", re.MULTILINE)
ANY_PORT = "--web.listen-address=127.0.0.1:0"
SLOW_COST = 16
"""Checking such a password takes seconds on any machine."""


def after(script: str) -> tuple[str, ...]:
    """A program that runs ``script`` and then the exporter, in one process."""
    return sys.executable, "-c", f"{script}\nfrom exporter.__main__ import main\nmain()\n"


def await_address(log: Path) -> tuple[str, int]:
    """Host and port where the exporter listens, once its log tells it."""
    wait_until(lambda: "listening" in log.read_text(), PATIENCE)
    host, port = re.findall(r"address=(\S+):(\d+)", log.read_text())[0]
    return host, int(port)


def processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_sigterm_amid_the_check_of_a_password_ends_it_with_status_0(tmp_path: Path) -> None:
    """A thread that comes back from C code while the interpreter ends would abort the process.

    Something that takes long to delete makes that moment last, as a large heap does.
    """
    digest = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode().replace("$04$", f"${SLOW_COST}$")
    web = tmp_path / "web.yaml"
    web.write_text(f"basic_auth_users: {{prom: '{digest}'}}\n")
    slow_to_delete = "import time; slow = type('Slow', (), {'__del__': lambda self: time.sleep(60)})()"
    flags = ("--demo=1", f"--web.config.file={web}")
    request = f"GET / HTTP/1.1\r\nHost: x\r\n{header('prom', 'wrong')}\r\n\r\n"
    with (
        exporter(tmp_path, *flags, program=after(slow_to_delete), ready=False) as started,
        socket.create_connection(started.address) as client,
    ):
        client.sendall(request.encode())
        before = processor_time(started.process.pid)
        wait_until(lambda: processor_time(started.process.pid) > before + 0.3, PATIENCE)
        started.process.send_signal(signal.SIGTERM)
        assert started.process.wait(PATIENCE) == 0
    assert "stopped" in started.log.read_text()


def test_no_core_is_dumped_where_cores_are_allowed(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    allow = f"import resource; resource.setrlimit(resource.RLIMIT_CORE, ({hard}, {hard}))"
    program = after(f"{allow}\nimport os; os.chdir({str(tmp_path)!r})")
    with exporter(tmp_path, "--demo=1", program=program, ready=False) as started:
        limits = Path(f"/proc/{started.process.pid}/limits").read_text()
        soft = re.search(r"^Max core file size +(\d+)", limits, re.MULTILINE)
        assert soft is not None, limits
        assert int(soft[1]) <= 1
        started.process.send_signal(signal.SIGABRT)
        assert started.process.wait(PATIENCE) == -signal.SIGABRT
    assert not list(tmp_path.glob("core*"))


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["--help"], "full"),
        (["--version"], "closed pipe"),
        (["--config.check"], "closed"),
        *((["--demo=1", "--once"], output) for output in ("full", "closed pipe", "closed")),
    ],
)
def test_an_output_taking_nothing_is_one_line(tmp_path: Path, arguments: Sequence[str], output: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    file = config_named(tmp_path, "config.yaml")
    source = [] if "--demo=1" in arguments else [f"--config.file={file}"]
    command = [COMMAND, *source, "--log.level=error", *arguments]
    if output == "closed":
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    with open("/dev/full" if output == "full" else writer, "wb", closefd=output == "full") as stdout:
        run = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert run.returncode == 1
    assert re.fullmatch("standard output: .+ could not be written: [^\n]+\n", run.stderr), run.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--config.check"], ["--x"]])
def test_a_full_standard_error_changes_no_status(tmp_path: Path, arguments: Sequence[str]) -> None:
    file = config_named(tmp_path, "config.yaml")
    file.write_text("instances: []\n")
    command = [COMMAND, f"--config.file={file}", *arguments]
    quiet = subprocess.run(command, capture_output=True, check=False)
    with open("/dev/full", "wb") as full:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, check=False)
    assert (run.returncode, run.stdout) == (quiet.returncode, quiet.stdout)


@pytest.mark.parametrize(
    ("name", "text"), [(b"configura\xc3\xa7\xc3\xa3o.yaml", ""), (b"\xff.yaml", "nonsense: 1\n")]
)
def test_a_terminal_that_lacks_letters_shows_their_codes(tmp_path: Path, name: bytes, text: str) -> None:
    file = config_named(tmp_path, os.fsdecode(name))
    file.write_text(file.read_text() + text)
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = ended(f"--config.file={file}", "--config.check", "--log.level=error", environ=environ)
    assert run.returncode == (1 if text else 0)
    (line,) = (run.stdout + run.stderr).splitlines()
    assert line.isascii()
    assert "unexpected" not in line


def config_named(folder: Path, name: str) -> Path:
    """A configuration of one instance, whose Z-API refuses every connection."""
    file = folder / name
    file.write_text(
        "api: {base_url: 'http://127.0.0.1:1'}\ninstances: [{name: a, id: A, token: T}]\n", encoding="utf-8"
    )
    file.chmod(0o600)
    return file


def test_a_configuration_that_becomes_a_pipe_stops_no_signal(tmp_path: Path) -> None:
    file = config_named(tmp_path, "config.yaml")
    with exporter(tmp_path, f"--config.file={file}") as started:
        file.unlink()
        os.mkfifo(file)
        started.process.send_signal(signal.SIGHUP)
        eventually(lambda: "document: is a named pipe, not a regular file" in started.log.read_text())
        started.process.send_signal(signal.SIGTERM)
        assert started.process.wait(PATIENCE) == 0


def test_a_log_that_nobody_reads_stops_neither_scrapes_nor_signals(tmp_path: Path) -> None:
    """Each refused reload logs a line for each of hundreds of problems."""
    file = config_named(tmp_path, "config.yaml")
    reader, writer = os.pipe()
    command = [COMMAND, f"--config.file={file}", ANY_PORT]
    with running(command, stderr=writer) as process, open(reader, encoding="utf-8") as log:
        os.close(writer)
        listening = next(line for line in log if "listening" in line)
        url = re.sub(r".*address=(\S+).*\n", r"http://\1", listening)
        file.write_text("instances:\n" + "".join(f"  - {{name: {n}}}\n" for n in range(300)))

        def dropped() -> float:
            found = DROPPED.search(get(f"{url}/metrics"))
            assert found is not None
            return float(found[1])

        while dropped() == 0:
            process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import os; os.name = 'nt'", "zapi-exporter runs on Linux"),
        ("import sys; sys.modules['ssl'] = None", "'ssl'"),
    ],
    ids=["another system", "an incomplete Python"],
)
def test_what_it_cannot_run_on_gets_one_plain_sentence(script: str, says: str) -> None:
    run = ended("--demo=1", program=after(script))
    assert (run.returncode, run.stdout) == (1, "")
    (line,) = run.stderr.splitlines()
    assert says in line


BROKEN = {
    "the web server": """
import asyncio
class Loop(asyncio.SelectorEventLoop):
    async def sock_accept(self, listener):
        await super().sock_accept(listener)
        raise SystemExit
asyncio.set_event_loop_policy(type("Policy", (asyncio.DefaultEventLoopPolicy,), {"_loop_factory": Loop})())
""",
    "a polling thread": """
from exporter.poller.schedule import PollQueue
def finish(self, *args):
    raise MemoryError
PollQueue.finish = finish
""",
}
"""Internal failures: part → what brings it about."""


@pytest.mark.parametrize("part", BROKEN)
def test_a_part_that_fails_ends_the_process_with_status_1(tmp_path: Path, part: str) -> None:
    log = tmp_path / "exporter.log"
    with (
        log.open("wb") as stderr,
        running([*after(BROKEN[part]), "--demo=1", ANY_PORT], stderr=stderr) as process,
        contextlib.suppress(OSError),
        socket.create_connection(await_address(log)),
    ):
        assert process.wait(PATIENCE) == 1
    last = log.read_text().splitlines()[-1]
    assert "the exporter stops" in last
    assert part in last
    assert "please report" not in last


def test_once_does_not_wait_for_a_thread_that_failed() -> None:
    broken = BROKEN["a polling thread"].replace("finish", "take")
    run = ended("--demo=1", "--once", "--log.level=error", program=after(broken))
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("polling failed: a polling thread")


@pytest.mark.parametrize(
    "program",
    ["{command} {address}", "sh -c '{command} {address}; exit'", "{python} -m exporter {address}"],
)
def test_the_health_check_finds_the_exporter_of_its_container(tmp_path: Path, program: str) -> None:
    """In a namespace of process numbers, which is what containers differ by where they share a network."""
    log = tmp_path / "exporter.log"
    words = program.format(command=COMMAND, python=sys.executable, address=f"{ANY_PORT} --demo=1")
    isolated = ["unshare", "--pid", "--fork", "--kill-child"]
    with (
        log.open("wb") as stderr,
        running([*isolated, "sh", "-c", f"exec {words}"], stderr=stderr) as process,
    ):
        await_address(log)
        inside = ["nsenter", f"--target={child_of(process.pid)}", "--pid"]
        check = [sys.executable, "-m", "exporter.healthcheck"]
        eventually(lambda: subprocess.run([*inside, *check], check=False).returncode == 0)
        elsewhere = ended(program=[*isolated, *check])
    assert elsewhere.returncode == 1
    assert elsewhere.stderr == "no exporter is listening in this container\n"
