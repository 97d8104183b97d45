"""The installed command as systemd starts it."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.notifications import listening
from harness.processes import PATIENCE, ended, exporter, get
from harness.waiting import wait_until
from simulator.fleet import healthy_fleet
from tests.builders import some_polling
from tests.system.upstream import upstream

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


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """The configuration of three instances that are polled every 200 ms."""
    with upstream(tmp_path, healthy_fleet(3, time.time()), some_polling(0.2), timeout=0.5) as served:
        yield served.file


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


def test_a_refused_reload_ends_too_and_the_status_says_so(address: str, tmp_path: Path, config: Path) -> None:
    with (
        listening(address) as heard,
        exporter(tmp_path, f"--config.file={config}", environ=environ(address), ready=False) as started,
    ):
        heard.until("READY")
        config.write_text("instances: []\n")
        started.process.send_signal(signal.SIGHUP)
        heard.until("RELOADING")
        assert "refused" in heard.until("READY")["STATUS"]


def test_a_wedged_daemon_gives_no_sign_of_life(address: str, tmp_path: Path, config: Path) -> None:
    supervised, wedged = environ(address, WATCHDOG_USEC="500000"), (sys.executable, "-c", WEDGED)
    flag = f"--config.file={config}"
    with (
        listening(address) as heard,
        exporter(tmp_path, flag, environ=supervised, ready=False, program=wedged) as started,
    ):
        heard.until("WATCHDOG", PATIENCE)
        wait_until(lambda: "polls make no progress" in started.log.read_text(), PATIENCE)
        while not heard.is_silent_for(0.01):
            pass  # what was said before it wedged
        started.process.send_signal(signal.SIGTERM)
        assert "STOPPING" in heard.next(PATIENCE), "it still says that it is alive"
        assert started.process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--config.file=/nowhere/config.yaml"], 1), (["--web.listen-address=:http", "--demo"], 1), (["-x"], 2)],
)
def test_a_failed_start_is_told_by_its_status_alone(address: str, arguments: list[str], status: int) -> None:
    with listening(address) as heard:
        run = ended(*arguments, environ=environ(address))
        assert heard.is_silent_for(0.01)
    assert run.returncode == status
    assert len(run.stderr.splitlines()) == 1
