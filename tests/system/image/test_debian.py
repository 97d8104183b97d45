"""The Debian package, in a system that systemd runs: installed, started, upgraded, removed and purged."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from exporter.model.clock import SystemClock
from harness.ports import own_address
from harness.processes import eventually, get
from simulator.server import SimulatedZapi
from tests.shipped.docs.documents import lines
from tests.shipped.packages.building import ROOT, copy_project
from tests.system.image.base import python_root
from tests.system.image.machine import INSTANCE, SERVICE, Machine, booted

pytestmark = [pytest.mark.installs, pytest.mark.needs("dpkg-deb")]

_AT_A_TERMINAL: Final = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT='ready> '; fpath=(${(q)1} \$fpath); bindkey '^I' complete-word"
zpty -w shell "autoload -Uz compinit; compinit -u -D; print -r done-\$fpath[1]"
zpty -r -m shell seen "*done-${(b)1}*ready> *" || exit 1
zpty -n -w shell "$2"$'\t'
zpty -r -m shell seen "*${(b)3}*"
"""
"""Types a text and the tab key, and waits until the line is the wanted one."""
EPOCH: Final = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    options = ["--wheel", "--no-isolation", f"--outdir={directory}"]
    build = [sys.executable, "-m", "build", *options, str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, env=EPOCH)
    (wheel,) = directory.glob("*.whl")
    return _packed(wheel, directory, ROOT)


def _packed(wheel: Path, directory: Path, source: Path, *, umask: int = -1) -> Path:
    pack = [sys.executable, "-m", "deploy.debian", f"--wheel={wheel}", f"--output={directory}"]
    subprocess.run(pack, check=True, capture_output=True, env=EPOCH, cwd=source, umask=umask)
    (package,) = directory.glob("*.deb")
    return package


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(tree)], check=True)
    return tree


@pytest.mark.nightly
def test_whoever_builds_it_gets_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """From files that are older than the release, and with a umask that keeps others out."""
    (wheel,) = package.parent.glob("*.whl")
    again = tmp_path / "dist"
    again.mkdir()
    source = copy_project(tmp_path / "copy")
    assert _packed(wheel, again, source, umask=0o077).read_bytes() == package.read_bytes()


def test_completion_in_bash_knows_every_flag_and_value(unpacked: Path) -> None:
    assert _completed(unpacked, "--web.l") == ["--web.listen-address="]
    assert _completed(unpacked, "--log.format", "=", "") == ["logfmt", "json"]
    assert _completed(unpacked, "--log.level", "wa") == ["warning"]
    flags = set(_completed(unpacked, "--"))
    asked = subprocess.run([sys.executable, "-m", "exporter", "--help"], check=True, capture_output=True)
    named = set(re.findall(r"^  (?:-h, )?(--[\w.-]+)", asked.stdout.decode(), re.MULTILINE))
    assert {flag.rstrip("=") for flag in flags} == named


@pytest.mark.needs("zsh")
def test_completion_in_zsh_is_a_function_that_zsh_can_read(unpacked: Path) -> None:
    for file in unpacked.glob("usr/share/zsh/vendor-completions/_*"):
        assert file.read_text().startswith("#compdef ")
        subprocess.run(["zsh", "-n", str(file)], check=True)


@pytest.mark.needs("zsh")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("zapi-exporter --config.fi", "zapi-exporter --config.file"),
        ("zapi-exporter --log.format=js", "zapi-exporter --log.format=json"),
        ("zapi-exporter --log.level wa", "zapi-exporter --log.level warning"),
    ],
)
def test_zsh_completes_what_is_typed(unpacked: Path, tmp_path: Path, typed: str, completed: str) -> None:
    """In an interactive zsh, at a terminal."""
    functions = unpacked / "usr/share/zsh/vendor-completions"
    command = ["zsh", "-f", "-c", _AT_A_TERMINAL, "zsh", str(functions), typed, completed]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=100)
    assert asked.returncode == 0, asked.stdout + asked.stderr


@pytest.mark.needs("lintian")
def test_lintian_finds_nothing(package: Path) -> None:
    """What is overridden is that the libraries are those of the lock file, as published."""
    command = ["lintian", "--allow-root", "--fail-on=error,warning", str(package)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.needs("mmdebstrap", "systemd-nspawn")
@pytest.mark.timeout(2700)
def test_it_lives_from_installation_to_purge(package: Path, unpacked: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "--extract", f"--file={python_root()}", f"--directory={root}"], check=True)
    newer = _newer(unpacked, tmp_path)
    root.joinpath("work/dist").mkdir(parents=True)
    root.joinpath("work/dist", package.name).write_bytes(package.read_bytes())
    url = f"http://{own_address()}"
    dropin = root / f"etc/systemd/system/{SERVICE}.d/address.conf"
    dropin.parent.mkdir(parents=True)
    start = "ExecStart=/usr/bin/zapi-exporter --config.file=/etc/zapi-exporter/config.yaml"
    dropin.write_text(f"[Service]\nExecStart=\n{start} --web.listen-address={url.removeprefix('http://')}\n")
    with (
        SimulatedZapi([INSTANCE.simulated], clock=SystemClock()) as zapi,
        booted(root, tmp_path / "console.log") as machine,
    ):
        build, *setup, start, _ = lines("Debian package")
        install = build.replace("make deb && apt-get install -y", "dpkg --install")  # there is no apt there
        _run_in_work(machine, install)
        installed = machine.properties(SERVICE)
        assert (installed["ActiveState"], installed["UnitFileState"]) == ("inactive", "enabled")
        assert installed["ConditionResult"] == "no", "it waits for its configuration"
        _write_work(root, zapi)
        for line in (*setup, start):
            _run_in_work(machine, line)
        eventually(lambda: 'zapi_instance_connected{name="vendas"} 1.0' in get(f"{url}/metrics"))
        first = machine.properties(SERVICE)["MainPID"]
        assert machine.run("stat", "--format=%U", f"/proc/{first}").strip() == "zapi-exporter"
        root.joinpath("work/dist", package.name).unlink()
        root.joinpath("work/dist", newer.name).write_bytes(newer.read_bytes())
        _run_in_work(machine, install)
        eventually(lambda: 'zapi_instance_connected{name="vendas"} 1.0' in get(f"{url}/metrics"))
        assert machine.properties(SERVICE)["MainPID"] not in (first, "0"), "the upgrade restarts it"
        machine.run("zapi-report", "--version")
        _remove_and_purge(machine, root)


def _remove_and_purge(machine: Machine, root: Path) -> None:
    machine.run("dpkg", "--remove", "zapi-exporter")
    assert machine.properties(SERVICE)["ActiveState"] == "inactive"
    assert not root.joinpath("usr/lib/zapi-exporter").exists()
    assert root.joinpath("etc/zapi-exporter/secrets/vendas_token").exists(), "a removal keeps what is yours"
    machine.run("dpkg", "--purge", "zapi-exporter")
    assert not root.joinpath("etc/zapi-exporter").exists()


def _newer(unpacked: Path, directory: Path) -> Path:
    """The same package as a later revision."""
    tree, package = directory / "newer", directory / "zapi-exporter_newer.deb"
    subprocess.run(["cp", "--archive", str(unpacked), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace("-1~deb", "-2~deb"))
    build = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(package)]
    subprocess.run(build, check=True, capture_output=True)
    return package


def _run_in_work(machine: Machine, line: str) -> None:
    """A line of the document, where the newcomer's files are."""
    machine.run("sh", "-c", f"cd /work && {line}")


def _write_work(root: Path, zapi: SimulatedZapi) -> None:
    work = root / "work"
    work.joinpath("config.yaml").write_text(
        f"api: {{base_url: '{zapi.base_url}',"
        " client_token_file: '${CREDENTIALS_DIRECTORY}/secrets_client_token'}\n"
        f"instances: [{{name: vendas, id: '{INSTANCE.simulated.id}',"
        " token_file: '${CREDENTIALS_DIRECTORY}/secrets_vendas_token'}]\n"
    )
    work.joinpath("vendas_token").write_text(INSTANCE.simulated.token)
    work.joinpath("client_token").write_text(INSTANCE.simulated.client_token or "none")


def _completed(unpacked: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words that follow the command."""
    file = unpacked / "usr/share/bash-completion/completions/zapi-exporter"
    script = (
        'source "$1"; shift; compopt() { :; }; COMP_WORDS=(zapi-exporter "$@"); COMP_CWORD=$#;'
        ' _zapi_exporter; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    asked = subprocess.run(
        ["bash", "-c", script, "bash", str(file), *words], check=True, capture_output=True, text=True
    )
    return asked.stdout.split()
