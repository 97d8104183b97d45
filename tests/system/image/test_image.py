"""The container image, run as strictly as an engine can; and the systemd unit, in a system made of that image."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest

from exporter.model.clock import SystemClock
from harness.ports import own_address
from harness.processes import child_of, eventually, exporter, get
from simulator.server import SimulatedZapi
from tests.system.image.base import python_root
from tests.system.image.machine import INSTANCE, SERVICE, booted

ROOT: Final = Path(__file__).parents[3]
_BASE: Final = "localhost/python"
_IMAGE: Final = "localhost/zapi-exporter"
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
DOCKERFILE: Final = ROOT.joinpath("Dockerfile").read_text(encoding="utf-8")
UNIT: Final = ROOT / "deploy" / "systemd" / "zapi-exporter.service"
UNPRIVILEGED: Final = Path(__file__).with_name("unprivileged.sh")
USER: Final = 65532
OWN_LAYERS: Final = 40_000_000
"""Bytes that we may add to the base image."""


@dataclass(frozen=True, slots=True)
class Image:
    """The built image. ``root`` is its file system; ``own_bytes`` is what that has over its base's."""

    config: Mapping[str, Any]
    root: Path
    own_bytes: int

    @property
    def entrypoint(self) -> list[str]:
        return list(self.config["Entrypoint"])

    @property
    def environ(self) -> dict[str, str]:
        return dict(variable.split("=", 1) for variable in self.config["Env"])


@contextmanager
def built_image(directory: Path) -> Iterator[Image]:
    """Build the project's Dockerfile on the local stand-in for its base."""
    store = _Store(directory)
    try:
        store.make_base()
        store.build()
        inspected: Any = json.loads(store.run("inspect", "--type", "image", _IMAGE))
        root = store.mount()
        yield Image(inspected["Docker"]["config"], root, _tree_bytes(root) - _tarball_bytes(python_root()))
    finally:
        store.run("rm", "--all")
        store.run("rmi", "--all", "--force")


class _Store:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def run(self, *arguments: str) -> str:
        places = ["--root", str(self._directory / "store"), "--runroot", str(self._directory / "run")]
        command = ["buildah", *places, "--storage-driver", "vfs", *arguments]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, f"buildah {arguments[0]}: {finished.stdout}{finished.stderr}"
        return finished.stdout.strip()

    def make_base(self) -> None:
        container = self.run("from", "scratch")
        self.run("add", container, str(python_root()), "/")
        if _CERTIFICATES.exists():  # the build fetches packages: it trusts whom this machine trusts
            self.run("add", container, str(_CERTIFICATES), str(_CERTIFICATES))
            pip = self._directory / "pip.conf"
            pip.write_text(f"[global]\ncert = {_CERTIFICATES}\n")
            self.run("add", container, str(pip), "/etc/pip.conf")
        self.run("commit", "--rm", container, _BASE)

    def build(self) -> None:
        self.run(
            "bud",
            *("--isolation", "chroot", "--format", "docker", "--pull-never"),
            *("--build-arg", f"PYTHON_IMAGE={_BASE}", "--build-arg", "VERSION=1.2.3"),
            *("--tag", _IMAGE, str(ROOT)),
        )

    def mount(self) -> Path:
        return Path(self.run("mount", self.run("from", "--pull-never", _IMAGE)))


def _tree_bytes(root: Path) -> int:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def _tarball_bytes(tarball: Path) -> int:
    with tarfile.open(tarball) as members:
        return sum(member.size for member in members if member.isfile())


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi([INSTANCE.simulated], clock=SystemClock()) as simulated:
        yield simulated


# One test and not several: the image is built once, whatever worker runs it.
@pytest.mark.needs("buildah", "mmdebstrap", "systemd-nspawn")
@pytest.mark.timeout(2700)
@pytest.mark.nightly
def test_it_is_small_and_runs_without_privilege(zapi: SimulatedZapi, tmp_path: Path) -> None:
    with built_image(tmp_path) as image:
        _check_what_it_says_and_holds(image)
        _check_that_an_engine_runs_it(image, zapi, tmp_path)
        _check_that_systemd_runs_it(image, zapi, tmp_path)


def test_what_it_copies_is_all_that_its_wheel_is_built_of(tmp_path: Path) -> None:
    """Without an engine: what the Dockerfile copies, and .dockerignore lets through, built by the same command."""
    shown = re.findall("^!(.+)$", ROOT.joinpath(".dockerignore").read_text(), re.MULTILINE)
    copied = [
        name
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for name in line.split()
    ]
    assert [name for name in copied if not any(fnmatch(name, pattern) for pattern in shown)] == []
    for name in copied:
        copy = shutil.copytree if ROOT.joinpath(name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    flags = re.search(r"pip wheel (.+) --wheel-dir", DOCKERFILE)
    assert flags is not None
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", *flags[1].split()]
    subprocess.run([*pip, "--wheel-dir", "dist", "."], cwd=tmp_path, check=True)
    assert [file.suffix for file in tmp_path.glob("dist/*")] == [".whl"]


def test_it_runs_the_command_without_privilege_and_checks_its_health() -> None:
    """Without an engine: the words of the Dockerfile."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    for words in (
        f"USER {USER}:{USER}",
        "EXPOSE 10917",
        'ENTRYPOINT ["/usr/bin/env", "--block-signal=HUP,INT,TERM", "/opt/zapi-exporter/bin/zapi-exporter"]',
        'CMD ["/opt/zapi-exporter/bin/python3", "-m", "exporter.healthcheck"]',
        'CMD ["--config.file=/etc/zapi-exporter/config.yaml"]',
    ):
        assert re.search(f"^ *{re.escape(words)}$", last, re.MULTILINE), words


def test_the_dockerfile_is_clean() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    subprocess.run([str(hadolint), str(ROOT / "Dockerfile")], check=True)


@pytest.mark.needs("shellcheck")
def test_the_shell_scripts_are_clean() -> None:
    folders = ("tests/**/*.sh", "deploy/**/*.sh", "deploy/debian/files/p*")
    scripts = [ROOT / ".ci" / "run", *(script for folder in folders for script in ROOT.glob(folder))]
    subprocess.run(["shellcheck", *map(str, scripts)], check=True)


def test_the_base_image_is_pinned_by_its_digest() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=\S+:3\.\d+\.\d+-\S+@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE)


def _check_what_it_says_and_holds(image: Image) -> None:
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.version"] == "1.2.3"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert 0 < image.own_bytes < OWN_LAYERS
    installed = {path.name.partition("-")[0] for path in image.root.glob("opt/**/*.dist-info")}
    assert "zapi_exporter" in installed
    assert installed.isdisjoint({"pip", "setuptools", "wheel", "hatchling", "uv"})
    assert not (image.root / "build").exists()


def _check_that_an_engine_runs_it(image: Image, zapi: SimulatedZapi, directory: Path) -> None:
    """With one secret by file and one by environment, and the health check of the image."""
    config = directory / "config"
    config.mkdir(mode=0o755)
    files = {"config.yaml": _config(zapi, "token_file: token"), "token": INSTANCE.simulated.token}
    for name, content in files.items():
        file = config / name
        file.write_text(content)
        file.chmod(0o400)
        os.chown(file, USER, USER)
    environ = {**image.environ, "CLIENT_TOKEN": INSTANCE.simulated.client_token or "none"}
    program = [str(UNPRIVILEGED), str(image.root), str(config), *image.entrypoint]
    address = own_address()
    arguments = image.config["Cmd"]
    with exporter(directory, *arguments, environ=environ, program=program, address=address) as running:
        assert 'zapi_instance_connected{name="vendas"} 1.0' in running.metrics()
        process = child_of(running.process.pid)  # the exporter itself, process 1 of its namespace
        status = _status_without_capabilities(process)
        assert re.search(r"\nNSpid:\t\d+\t1\n", status), "it is process 1"
        assert f"\nUid:\t{USER}\t{USER}\t{USER}\t{USER}\n" in status
        assert _inside(process, "touch", "/etc/zapi-exporter/written").returncode != 0
        assert _inside(process, "touch", "/tmp/written").returncode != 0
        assert _inside(process, *image.config["Healthcheck"]["Test"][1:]).returncode == 0
        os.kill(process, signal.SIGTERM)
        assert running.process.wait(timeout=60) == 0


def _check_that_systemd_runs_it(image: Image, zapi: SimulatedZapi, directory: Path) -> None:
    """The unit as it is, but for a free port: it starts, is reloaded, and stops."""
    url = f"http://{own_address()}"
    place, units = image.root / "etc/zapi-exporter", image.root / "etc/systemd/system"
    secrets = "${CREDENTIALS_DIRECTORY}/secrets_"
    config = _config(zapi, f"token_file: '{secrets}vendas_token'")
    config = config.replace("token: '${CLIENT_TOKEN}'", f"token_file: '{secrets}client_token'")
    place.joinpath("config.yaml").write_text(config)
    place.joinpath("secrets").mkdir(mode=0o700)
    place.joinpath("secrets/vendas_token").write_text(INSTANCE.simulated.token)
    place.joinpath("secrets/client_token").write_text(INSTANCE.simulated.client_token or "none")
    (start,) = re.findall(r"^ExecStart=.*$", UNIT.read_text(), re.MULTILINE)
    units.joinpath(SERVICE).write_text(
        UNIT.read_text().replace(start, f"{start} --web.listen-address={url.removeprefix('http://')}")
    )
    units.joinpath("multi-user.target.wants").mkdir(exist_ok=True)
    units.joinpath("multi-user.target.wants", SERVICE).symlink_to(f"../{SERVICE}")
    with booted(image.root, directory / "console.log") as machine:
        eventually(lambda: 'zapi_instance_connected{name="vendas"} 1.0' in get(f"{url}/metrics"))
        started = machine.properties(SERVICE)
        assert (started["ActiveState"], started["StatusText"]) == ("active", "polling 1 instance")
        place.joinpath("config.yaml").write_text(config.replace("name: vendas", "name: compras"))
        machine.run("systemctl", "reload", SERVICE)
        eventually(lambda: 'zapi_instance_connected{name="compras"} 1.0' in get(f"{url}/metrics"))
        machine.run("systemctl", "stop", SERVICE)
        stopped = machine.properties(SERVICE)
        assert (stopped["Result"], stopped["ExecMainStatus"], stopped["NRestarts"]) == ("success", "0", "0")


def _config(zapi: SimulatedZapi, token: str) -> str:
    return (
        f"api: {{base_url: '{zapi.base_url}', client_token: '${{CLIENT_TOKEN}}'}}\n"
        f"instances: [{{name: vendas, id: '{INSTANCE.simulated.id}', {token}}}]\n"
    )


def _status_without_capabilities(process: int) -> str:
    status = Path(f"/proc/{process}/status").read_text()
    assert re.findall(r"Cap(?:Inh|Prm|Eff|Bnd|Amb):\t([0-9a-f]+)", status) == ["0" * 16] * 5
    assert "\nNoNewPrivs:\t1\n" in status
    return status


def _inside(process: int, *command: str) -> "subprocess.CompletedProcess[bytes]":
    enter = ["nsenter", f"--target={process}", "--mount", "--pid", "--root", "--wd"]
    drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all"]
    return subprocess.run([*enter, *drop, *command], check=False)
