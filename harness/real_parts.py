"""The real programs that tests run, and the Debian packages that bring them.

Run as a module it installs what is missing where it may: as root on Debian. A test says what it needs with
``@pytest.mark.needs("promtool")``. Without it the test is skipped with a line that names the package, or fails where
``CI`` is set: there nothing may be skipped.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

PACKAGES: Final[Mapping[str, str]] = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "nginx": "nginx",
    "ip": "iproute2",
    "openssl": "openssl",
    "iptables": "iptables",
    "shellcheck": "shellcheck",
    "dpkg-deb": "dpkg",
    "zsh": "zsh",
    "lintian": "lintian",
    "systemd-analyze": "systemd",
    "systemd-nspawn": "systemd-container",
}
"""Command → Debian package."""


def missing(commands: Iterable[str]) -> list[str]:
    """Those of the commands that are not on the PATH."""
    return [command for command in commands if shutil.which(command) is None]


def packages(commands: Iterable[str]) -> list[str]:
    """The packages that bring the commands, each once."""
    return sorted({PACKAGES[command] for command in commands})


def main() -> int:
    """Install what the tests lack, or say what will be skipped."""
    wanted = packages(missing(PACKAGES))
    if not install(wanted):
        print(
            f"The tests that need {', '.join(wanted)} will be skipped"
            f" (on Debian: apt-get install {' '.join(wanted)})",
            file=sys.stderr,
        )
    return 0


def install(wanted: Sequence[str]) -> bool:
    """Install Debian packages, as root on Debian; whether there are none left to install."""
    if not wanted:
        return True
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"Installing {', '.join(wanted)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
    for step in (["apt-get", "update", "-qq"], command):
        subprocess.run(step, check=True, env=quiet, stdout=subprocess.DEVNULL)
    return True


if __name__ == "__main__":
    sys.exit(main())
