"""The installed command takes a changed configuration, and survives a bad one."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.model.clock import SystemClock
from harness.processes import Exporter, ended, exporter
from harness.waiting import wait_until
from simulator.server import SimulatedZapi
from tests.builders import a_simulated

REFUSED = "the configuration was not reloaded"
AUTO = ("--config.enable-auto-reload", "--config.auto-reload-interval=200ms")


class Rig:
    """A folder with a configuration whose token is in a file, mounted as Kubernetes mounts a Secret."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder = folder
        self.file = folder / "config.yaml"
        self._base_url = base_url
        self._versions = 0
        self.write("vendas")
        self.swap_token("ONE")
        (folder / "token").symlink_to("..data/token")

    def write(self, *names: str, token: str = "token_file: token") -> None:
        instances = "".join(f"  - {{name: {name}, id: {name}, {token}}}\n" for name in names)
        self.file.write_text(f"api: {{base_url: '{self._base_url}', timeout: 30s}}\ninstances:\n{instances}")
        self.file.chmod(0o600)

    def swap_token(self, token: str) -> None:
        self._versions += 1
        version = self.folder / f"..{self._versions}"
        version.mkdir()
        (version / "token").write_text(token)
        (version / "token").chmod(0o600)
        (self.folder / "..new").symlink_to(version.name)
        os.replace(self.folder / "..new", self.folder / "..data")


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    known = (a_simulated(name, id=name, token="ONE") for name in ("vendas", "suporte"))
    with SimulatedZapi(known, clock=SystemClock()) as server:
        yield server


@pytest.fixture
def rig(zapi: SimulatedZapi, tmp_path: Path) -> Rig:
    return Rig(tmp_path, zapi.base_url)


def up(running: Exporter) -> dict[str, float]:
    found = re.findall(r'^zapi_instance_up\{name="(\w+)"\} (\S+)$', running.metrics(), re.MULTILINE)
    return {name: float(value) for name, value in found}


def reloaded(running: Exporter) -> bool:
    return "\nzapi_exporter_config_last_reload_successful 1.0\n" in running.metrics()


def test_sighup_takes_a_changed_configuration_and_refuses_a_bad_one(rig: Rig) -> None:
    with exporter(rig.folder, f"--config.file={rig.file}") as running:
        rig.write("suporte")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: up(running) == {"suporte": 1})
        rig.file.write_text("instances: [{nmae: vendas}]\n")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not reloaded(running))
        assert up(running) == {"suporte": 1}
        wait_until(lambda: running.log.read_text().count(REFUSED) == 4)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0


def test_a_swapped_secret_is_taken_without_a_signal(rig: Rig, zapi: SimulatedZapi) -> None:
    zapi.update("vendas", token="TWO")
    with exporter(rig.folder, f"--config.file={rig.file}", *AUTO) as running:
        assert up(running) == {"vendas": 0}
        rig.swap_token("TWO")
        wait_until(lambda: up(running) == {"vendas": 1})
        log = running.log.read_text()
        assert "configuration files have changed" in log
        assert "ONE" not in log
        assert "TWO" not in log


def test_a_wrong_instance_file_is_told_and_stops_nothing(rig: Rig) -> None:
    teams = rig.folder / "teams"
    teams.mkdir()
    rig.file.write_text(rig.file.read_text() + "instance_files: [teams/*.yaml]\n")
    (teams / "a.yaml").write_text("- {name: suporte, id: suporte, token: ONE}\n")

    def source_up(running: Exporter) -> bool:
        line = f'zapi_exporter_instance_source_up{{source="file:{teams / "a.yaml"}"}} 1.0'
        return line in running.metrics()

    with exporter(rig.folder, f"--config.file={rig.file}", *AUTO) as running:
        wait_until(lambda: up(running) == {"vendas": 1, "suporte": 1})
        assert source_up(running)
        (teams / "a.yaml").write_text("- {name: suporte}\n")
        wait_until(lambda: not source_up(running))
        assert up(running) == {"vendas": 1, "suporte": 1}
        assert f"{teams / 'a.yaml'}:1: instances[0].id: is missing (instance " in running.log.read_text()
        (teams / "a.yaml").unlink()
        wait_until(lambda: up(running) == {"vendas": 1})


def test_the_check_fails_for_a_wrong_instance_file(rig: Rig) -> None:
    (rig.folder / "a.yaml").write_text("- {name: suporte}\n")
    rig.file.write_text(rig.file.read_text() + "instance_files: [a.yaml, none.yaml]\n")
    checked = ended("--config.check", f"--config.file={rig.file}")
    assert checked.returncode == 1
    assert checked.stderr.splitlines() == [
        f'{rig.folder / "a.yaml"}:1: instances[0].id: is missing (instance "suporte")',
        f'{rig.folder / "a.yaml"}:1: instances[0].token: is missing; set token or token_file (instance "suporte")',
    ]
