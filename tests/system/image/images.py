"""Builds the image with buildah, in a store of its own that is gone afterwards."""

import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.system.image.base import python_root

ROOT: Final = Path(__file__).parents[3]

_BASE: Final = "localhost/python"
_IMAGE: Final = "localhost/zapi-exporter"
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")


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
