"""The wheel and the sdist: the same bytes whoever builds them, complete, and enough to run from."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness.processes import exporter, get
from tests.shipped.packages.building import ROOT, Packages, build_packages, copy_project, project_files

pytestmark = [
    pytest.mark.installs,
    pytest.mark.skipif(
        not (ROOT / ".git").exists(), reason="only a checkout can tell which files belong to the project"
    ),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return build_packages(ROOT, tmp_path_factory.mktemp("dist"))


def test_whoever_builds_them_gets_the_same_bytes(packages: Packages, tmp_path: Path) -> None:
    again = build_packages(copy_project(tmp_path / "copy"), tmp_path / "dist")
    assert _digest(again.sdist) == _digest(packages.sdist)
    assert _digest(again.wheel) == _digest(packages.wheel)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(packages: Packages) -> None:
    with zipfile.ZipFile(packages.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == {name for name in project_files() if name.startswith("exporter/")}
    assert "exporter/py.typed" in names


def test_the_sdist_holds_the_whole_project(packages: Packages) -> None:
    with tarfile.open(packages.sdist) as sdist:
        names = {member.name.partition("/")[2] for member in sdist.getmembers() if member.isfile()}
    assert names - {"PKG-INFO"} == set(project_files())


def test_the_metadata_is_what_an_index_takes(packages: Packages) -> None:
    files = [str(packages.sdist), str(packages.wheel)]
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_page_at_an_index_links_to_the_repository(packages: Packages) -> None:
    with zipfile.ZipFile(packages.wheel) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        text = wheel.read(name).decode()
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert any("/blob/main/docs/install.md" in link for link in links)
    assert any("/raw/main/docs/images/" in link for link in links)


def test_the_installed_wheel_runs_the_demo_where_there_is_no_checkout(
    packages: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the libraries of this environment; that the wheel's own are enough is seen where the lock is installed."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip = [sys.executable, "-m", "pip", f"--python={venv}", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(packages.wheel)], check=True, capture_output=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))  # without what its own .pth files add
    monkeypatch.chdir(tmp_path)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    program = venv / "bin" / "zapi-exporter"
    with exporter(tmp_path, "--demo", environ=environ, program=(program,)) as running:
        page = get(running.url)
        assert "</html>" in page
        assert "<style>:root" in page
        assert "zapi_instance_up{" in running.metrics()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=60) == 0


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
