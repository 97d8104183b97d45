"""Prometheus, Alertmanager and VictoriaMetrics as newer Debian releases have them, beside what is installed.

``python -m harness.newer_parts COMMAND…`` runs the command once for each release, with its programs first on the PATH.
They are downloaded by a private apt, without touching the system, and kept in the cache of the tests.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.caches import cache

PACKAGES: Final[Mapping[str, Sequence[str]]] = {
    "trixie": ("prometheus", "promtool", "prometheus-alertmanager"),
    "sid": ("prometheus", "promtool", "prometheus-alertmanager", "victoria-metrics"),
}
"""Debian release → packages. When this was written: Prometheus 2.53 and 3.5, Alertmanager 0.28 and 0.33."""

_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def directory(release: str) -> Path:
    """Where the programs of a release are; fetched first where they are not there yet.

    Raises :class:`subprocess.CalledProcessError` where they cannot be had.
    """
    kept = cache() / f"parts-{release}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache()) as place:
            unpacked = _fetch(release, Path(place))
            unpacked.rename(kept)
    return kept / "usr" / "bin"


def main(command: Sequence[str]) -> int:
    """Run the command with the programs of each release; the first status that is not 0, or 0."""
    if shutil.which("apt-get") is None or not _KEYRING.exists():
        print("newer parts are fetched by apt-get, which is not here: run this on Debian", file=sys.stderr)
        return 1
    for release in PACKAGES:
        programs = directory(release)
        print(f"With {release}: {_versions(programs)}", flush=True)
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        status = subprocess.run(command, env={**os.environ, "PATH": path}, check=False).returncode
        if status:
            return status
    return 0


def _fetch(release: str, place: Path) -> Path:
    for folder in ("state/lists/partial", "cache/archives/partial", "unpacked"):
        (place / folder).mkdir(parents=True)
    (place / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {release} main\n")
    (place / "apt.conf").write_text(
        f'Dir::State "{place}/state";\n'
        'Dir::State::status "/dev/null";\n'
        f'Dir::Cache "{place}/cache";\n'
        f'Dir::Etc::SourceList "{place}/sources.list";\n'
        'Dir::Etc::SourceParts "/dev/null";\n'
        'Acquire::Check-Valid-Until "false";\n'
        'Acquire::Languages "none";\n'
        'APT::Sandbox::User "";\n'
    )
    environ = {**os.environ, "APT_CONFIG": str(place / "apt.conf")}
    for step in (["update", "-qq"], ["download", "-qq", *PACKAGES[release]]):
        subprocess.run(["apt-get", *step], check=True, cwd=place, env=environ)
    for package in place.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(place / "unpacked")], check=True)
    return place / "unpacked"


def _mirror() -> str:
    """The mirror that this system takes Debian's packages from; ``apt-get update`` has to have run once."""
    wanted = ["Created-By: Packages", "Label: Debian"]
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if not listed:
        raise SystemExit("apt knows no mirror of Debian: run `apt-get update` first")
    return listed[0]


def _versions(programs: Path) -> str:
    said = (
        subprocess.run([programs / name, "--version"], capture_output=True, text=True, check=False)
        for name in ("prometheus", "prometheus-alertmanager")
    )
    return " and ".join((one.stdout or one.stderr).partition(" (")[0] for one in said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
