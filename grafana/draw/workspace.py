"""The page that draws, bundled from Grafana's packages."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
_PACKAGES: Final = HERE / "node_modules"
_INSTALLED: Final = _PACKAGES / ".package-lock.json"
_HTML: Final = """<!doctype html>
<meta charset="utf-8">
<title>Dashboard</title>
<link rel="stylesheet" href="app.css">
<body style="margin:0"><div id="root"></div><script src="app.js"></script>
"""


class CannotBundle(Exception):
    """Says which command failed, and what it printed last."""


def can_bundle() -> bool:
    """Return whether node and npm are there."""
    return shutil.which("node") is not None and shutil.which("npm") is not None


def bundle(folder: Path) -> None:
    """Write the page that draws into ``folder``; installs 500 MB of packages beside this file where they are missing.

    Raises :class:`CannotBundle`.
    """
    if not _is_current():
        flags = ("--ignore-scripts", "--legacy-peer-deps", "--no-package-lock", "--no-audit", "--no-fund")
        _run("npm", "install", *flags, "--loglevel=error")
    folder.mkdir(parents=True, exist_ok=True)
    _run("node", "bundle.mjs", str(folder))
    (folder / "index.html").write_text(_HTML, encoding="utf-8")
    images = folder / "public" / "build" / "img"
    if not images.exists():
        shutil.copytree(_PACKAGES / "@grafana" / "ui" / "dist" / "public" / "img", images)


def _is_current() -> bool:
    return _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= (HERE / "package.json").stat().st_mtime


def _run(*command: str) -> None:
    ended = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise CannotBundle(
            f"{' '.join(command[:2])} ended with status {ended.returncode}:\n{ended.stderr[-2000:]}"
        )
