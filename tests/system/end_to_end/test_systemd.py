"""The installed command as systemd starts it."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from exporter.demo.scenario import demo_config
from exporter.model.clock import SystemClock
from harness.notifications import listening
from harness.processes import COMMAND, PATIENCE, exporter, get, running
from harness.waiting import wait_until
from simulator.config_file import write_config
from simulator.fleet import healthy_fleet
from simulator.server import SimulatedZapi

WEDGED = """
import sys, threading
from exporter.zapi.client import ZapiClient
from exporter import cli
reads = iter(range(5))
def read(self, instance, whole=ZapiClient.read):
    if next(reads, None) is None:
        threading.Event().wait()
    return whole(self, instance)
ZapiClient.read = read
sys.exit(cli.main(sys.argv[1:]))
"""
"""A daemon that wedges: after a few polls, each one hangs for ever, whatever its deadline."""


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@zapi-exporter-{uuid.uuid4().hex}"


def environ(address: str, **more: str) -> Mapping[str, str]:
    return {**os.environ, "NOTIFY_SOCKET": address, **more}


def test_a_whole_life_is_told(address: str, tmp_path: Path) -> None:
    supervised = environ(address, WATCHDOG_USEC="2000000")
    with listening(address) as heard:
        before = time.monotonic()
        with exporter(tmp_path, "--demo=3", environ=supervised, ready=False) as started:
            # One of the three comes from an account, whose list is read only now.
            assert heard.until("READY")["STATUS"] in ("polling 2 instances", "polling 3 instances")
            assert get(f"{started.url}/-/healthy")
            for _ in range(3):
                heard.until("WATCHDOG")
            started.process.send_signal(signal.SIGHUP)
            reloading = heard.until("RELOADING")
            assert before * 1e6 < int(reloading["MONOTONIC_USEC"]) < time.monotonic() * 1e6
            heard.until("READY")
            started.process.send_signal(signal.SIGTERM)
            heard.until("STOPPING")
            assert started.process.wait(PATIENCE) == 0


def test_a_refused_reload_is_over_too_and_the_status_says_so(tmp_path: Path) -> None:
    address, file = str(tmp_path / "notify"), tmp_path / "config.yaml"
    arguments = [f"--config.file={file}"]
    with (
        configured(file),
        listening(address) as heard,
        exporter(tmp_path, *arguments, environ=environ(address), ready=False) as started,
    ):
        heard.until("READY")
        file.write_text("instances: []\n")
        started.process.send_signal(signal.SIGHUP)
        heard.until("RELOADING")
        assert "refused" in heard.until("READY")["STATUS"]


def test_a_wedged_daemon_gives_no_sign_of_life(tmp_path: Path) -> None:
    address, file = str(tmp_path / "notify"), tmp_path / "config.yaml"
    command = [sys.executable, "-c", WEDGED, f"--config.file={file}", "--web.listen-address=127.0.0.1:0"]
    supervised = environ(address, WATCHDOG_USEC="500000")
    log = tmp_path / "exporter.log"
    with (
        configured(file),
        listening(address) as heard,
        log.open("wb") as stderr,
        running(command, stderr=stderr, environ=supervised) as process,
    ):
        heard.until("WATCHDOG", PATIENCE)
        wait_until(lambda: "polls make no progress" in log.read_text(), PATIENCE)
        while not heard.is_silent_for(0.01):
            pass  # what was said before it wedged
        process.send_signal(signal.SIGTERM)
        assert "STOPPING" in heard.next(PATIENCE), "it still says that it is alive"
        assert process.wait(PATIENCE) == 0


@contextlib.contextmanager
def configured(file: Path) -> Iterator[None]:
    """A simulated Z-API of three instances, with ``file`` to poll them every 200 ms."""
    members = healthy_fleet(3, time.time())
    with SimulatedZapi([member.simulated for member in members], clock=SystemClock()) as zapi:
        write_config(demo_config(members, zapi.base_url), file)
        text = re.sub(r"interval: \S+", "interval: 200ms", file.read_text())
        file.write_text(re.sub(r"timeout: \S+", "timeout: 500ms", text))
        yield


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--config.file=/nowhere/config.yaml"], 1), (["--web.listen-address=:http", "--demo"], 1), (["-x"], 2)],
)
def test_a_failed_start_says_why_by_its_status_and_is_never_ready(
    tmp_path: Path, arguments: list[str], status: int
) -> None:
    with listening(str(tmp_path / "notify")) as heard:
        run = subprocess.run(
            [COMMAND, *arguments],
            env=environ(str(tmp_path / "notify")),
            capture_output=True,
            text=True,
            check=False,
        )
        assert heard.is_silent_for(0.01)
    assert run.returncode == status
    assert len(run.stderr.splitlines()) == 1
