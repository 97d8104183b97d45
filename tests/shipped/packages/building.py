"""Builds the packages as a release does."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
"""The project."""


@dataclass(frozen=True, slots=True)
class Packages:
    """The two files of a release."""

    sdist: Path
    wheel: Path


def build_packages(source: Path, directory: Path) -> Packages:
    """Build the sdist from ``source``, and the wheel from that sdist, into ``directory``."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory), str(source)],
        check=True,
        capture_output=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
    )
    (sdist,), (wheel,) = directory.glob("*.tar.gz"), directory.glob("*.whl")
    return Packages(sdist, wheel)


def project_files() -> list[str]:
    """Every file of the project, relative to :data:`ROOT`: what git does not ignore."""
    listing = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def copy_project(directory: Path) -> Path:
    """The project at another place, with other times and permissions, as another person would have it."""
    for name in project_files():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        target.chmod(0o700 if os.access(ROOT / name, os.X_OK) else 0o600)
        os.utime(target, (1, 1))
    return directory
