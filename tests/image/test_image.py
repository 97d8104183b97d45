"""The container image: built as the Dockerfile says, and run as strictly as an engine can."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from exporter.clock import SystemClock
from exporter.demo.scenario import Role, cast
from exporter.demo.server import SimulatedZapi
from tests.image.images import ROOT, Image, built_image
from tests.processes import Exporter, exporter, free_port

DOCKERFILE: Final = ROOT.joinpath("Dockerfile").read_text(encoding="utf-8")
UNPRIVILEGED: Final = Path(__file__).with_name("unprivileged.sh")
USER: Final = 65532
OWN_LAYERS: Final = 40_000_000
"""Bytes that we may add to the base image."""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A directory with a configuration as a container gets it: one secret by file, one by environment."""
    clock = SystemClock()
    member = next(member.simulated for member in cast(12, clock.time()) if member.role is Role.HEALTHY)
    directory = tmp_path / "config"
    directory.mkdir(mode=0o755)
    with SimulatedZapi([member], clock=clock) as zapi:
        text = (
            f"api: {{base_url: '{zapi.base_url}', client_token: '${{CLIENT_TOKEN}}'}}\n"
            f"instances: [{{name: vendas, id: '{member.id}', token_file: token}}]\n"
        )
        for name, content in (("config.yaml", text), ("token", member.token)):
            file = directory / name
            file.write_text(content)
            file.chmod(0o400)
            os.chown(file, USER, USER)
        (directory / "environment").write_text(member.client_token or "unused")
        yield directory


# One test and not several: the image is built once, whatever worker runs it.
@pytest.mark.needs("buildah", "mmdebstrap")
@pytest.mark.timeout(900)
def test_it_is_small_says_how_to_run_it_and_runs_with_no_privilege_on_a_read_only_root(
    config: Path, tmp_path: Path
) -> None:
    with built_image(tmp_path) as image:
        _check_what_it_says(image)
        _check_what_it_holds(image)
        with _run(image, config, tmp_path) as running:
            assert 'zapi_instance_connected{name="vendas"} 1.0' in running.metrics()
            process = _first_child(running)
            _check_that_it_has_no_privilege(process)
            assert _inside(process, *image.config["Healthcheck"]["Test"][1:]).returncode == 0
            os.kill(process, signal.SIGTERM)
            assert running.process.wait(timeout=30) == 0


def test_the_dockerfile_is_clean() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    subprocess.run([str(hadolint), str(ROOT / "Dockerfile")], check=True)


@pytest.mark.needs("shellcheck")
def test_the_shell_scripts_are_clean() -> None:
    scripts = [ROOT / ".ci" / "run", *ROOT.glob("tests/**/*.sh"), *ROOT.glob("deploy/**/*.sh")]
    subprocess.run(["shellcheck", *map(str, scripts)], check=True)


def test_the_base_image_is_pinned_by_its_digest() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=\S+:3\.\d+\.\d+-\S+@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE)


def _check_what_it_says(image: Image) -> None:
    assert image.config["User"] == f"{USER}:{USER}"
    assert image.entrypoint == ["/opt/zapi-exporter/bin/zapi-exporter"]
    assert image.config["Cmd"] == ["--config.file=/etc/zapi-exporter/config.yaml"]
    assert image.config["Healthcheck"]["Test"][0] == "CMD"
    assert list(image.config["ExposedPorts"]) == ["10917/tcp"]
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.version"] == "1.2.3"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def _check_what_it_holds(image: Image) -> None:
    assert 0 < image.own_bytes < OWN_LAYERS
    installed = {path.name.partition("-")[0] for path in image.root.glob("opt/**/*.dist-info")}
    assert "zapi_exporter" in installed
    assert installed.isdisjoint({"pip", "setuptools", "wheel", "hatchling", "uv"})
    assert not (image.root / "build").exists()


@contextmanager
def _run(image: Image, config: Path, directory: Path) -> Iterator[Exporter]:
    environ = {**image.environ, "CLIENT_TOKEN": (config / "environment").read_text()}
    program = [str(UNPRIVILEGED), str(image.root), str(config), *image.entrypoint]
    address = f"127.0.0.1:{free_port()}"
    arguments = image.config["Cmd"]
    with exporter(directory, *arguments, environ=environ, program=program, address=address) as running:
        yield running


def _check_that_it_has_no_privilege(process: int) -> None:
    status = Path(f"/proc/{process}/status").read_text()
    assert re.search(r"\nNSpid:\t\d+\t1\n", status), "it is process 1"
    assert f"\nUid:\t{USER}\t{USER}\t{USER}\t{USER}\n" in status
    assert re.findall(r"Cap(?:Inh|Prm|Eff|Bnd|Amb):\t([0-9a-f]+)", status) == ["0" * 16] * 5
    assert _inside(process, "touch", "/etc/zapi-exporter/written").returncode != 0
    assert _inside(process, "touch", "/tmp/written").returncode != 0


def _first_child(running: Exporter) -> int:
    """The exporter itself, which is process 1 of its namespace."""
    pid = running.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _inside(process: int, *command: str) -> "subprocess.CompletedProcess[bytes]":
    enter = ["nsenter", f"--target={process}", "--mount", "--pid", "--root", "--wd"]
    drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all"]
    return subprocess.run([*enter, *drop, *command], check=False)
