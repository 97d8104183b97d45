"""A stand-in for the official Python image, which a test cannot pull: Debian with its Python, and systemd."""

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Final

from harness.caches import cache

_MAX_AGE: Final = 7 * 24 * 3600.0
_UNNEEDED: Final = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")


def python_root() -> Path:
    """A tarball of a small Debian; made anew when the one in the user's cache is a week old."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    tarball = cache() / f"debian-{release}.tar"
    if tarball.exists() and time.time() - tarball.stat().st_mtime < _MAX_AGE:
        return tarball
    unfinished = tarball.with_suffix(f".{os.getpid()}.tar")
    options = ["--quiet", "--variant=essential", "--include=python3-venv,systemd-sysv"]
    options += [f"--dpkgopt=path-exclude={pattern}" for pattern in _UNNEEDED]
    subprocess.run(["mmdebstrap", *options, release, str(unfinished), _mirror()], check=True)
    return unfinished.replace(tarball)


def _mirror() -> str:
    """Where this machine gets Debian's packages from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages", "Label: Debian"]
    mirrors = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert mirrors, "apt knows no mirror of Debian: check /etc/apt/sources.list and run apt-get update"
    return mirrors[0]
