"""The files of the package, as they lie on the disk of whoever installs it."""

import email.utils
import gzip
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.debian.command_help import CommandHelp, read_help
from deploy.debian.completion import bash_completion_of, zsh_completion_of
from deploy.debian.manual import manual_of

_ROOT: Final = Path(__file__).parents[2]
_FILES: Final = Path(__file__).parent / "files"
_LIBRARY: Final = "usr/lib/zapi-exporter"
_COMMANDS: Final = {"zapi-exporter": "exporter.__main__", "zapi-report": "exporter.report.command"}
_EXAMPLES: Final = {
    "config.example.yaml": "config.yaml",
    "prometheus/rules": "prometheus-rules",
    "grafana/dashboards": "grafana-dashboards",
    "alertmanager": "alertmanager",
}
_LAUNCHER: Final = """\
#!/usr/bin/python3 -I
import sys

sys.path.insert(0, "/{library}")
from {module} import main

sys.exit(main())
"""
_MAINTAINER: Final = "The zapi-exporter project <zapi-exporter@users.noreply.github.com>"
_CHANGELOG: Final = f"""\
zapi-exporter ({{version}}) stable; urgency=medium

  * Built from the release of the same version; its changes are in changelog.gz.

 -- {_MAINTAINER}  {{date}}
"""
_CONTROL: Final = """\
Package: zapi-exporter
Version: {version}
Architecture: {architecture}
Section: net
Priority: optional
Maintainer: {maintainer}
Homepage: https://github.com/zapi-exporter/zapi-exporter
Installed-Size: {size}
Depends: python3 (>= 3.{minor}), python3 (<< 3.{next_minor}), libc6 (>= {libc}), systemd
Suggests: prometheus
Description: Prometheus exporter for WhatsApp instances behind Z-API
 It polls every instance and exports whether the number is connected, when its
 subscription ends, whether it is paid and how its webhooks are set, with alert
 rules and dashboards as examples.
"""


@dataclass(frozen=True, slots=True)
class Release:
    """What the package is built for.

    ``upstream`` is the wheel's version, ``system`` is such as ``debian12``, ``minor`` is that of Python 3.
    """

    upstream: str
    system: str
    architecture: str
    minor: int
    libc: str

    @classmethod
    def here(cls, wheel: Path) -> "Release":
        """The release of Debian that runs this."""
        dpkg = subprocess.run(
            ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
        ).stdout
        system = platform.freedesktop_os_release()
        minor, libc = sys.version_info.minor, platform.libc_ver()[1]
        return cls(wheel.name.split("-")[1], system["ID"] + system["VERSION_ID"], dpkg.strip(), minor, libc)

    @property
    def version(self) -> str:
        """The package's version, which rises with that of the system."""
        return f"{self.upstream}-1~{self.system}"


def write_tree(tree: Path, wheel: Path, release: Release) -> None:
    """Write everything that is packed, and the control files, into ``tree``."""
    _install_libraries(tree / _LIBRARY, wheel)
    for command, module in _COMMANDS.items():
        launcher = _LAUNCHER.format(library=_LIBRARY, module=module)
        _write(tree / "usr/bin" / command, launcher, 0o755)
        _write_help(tree, _help_of(tree, command, module), release)
    unit = (_ROOT / "deploy/systemd/zapi-exporter.service").read_text(encoding="utf-8")
    _write(tree / "usr/lib/systemd/system/zapi-exporter.service", _unit_of(unit))
    _write(tree / "usr/lib/sysusers.d/zapi-exporter.conf", _text("sysusers.conf"))
    (tree / "etc/zapi-exporter/secrets").mkdir(parents=True)
    (tree / "etc/zapi-exporter/secrets").chmod(0o700)
    _write_documents(tree / "usr/share/doc/zapi-exporter", release)
    _write(tree / "usr/share/lintian/overrides/zapi-exporter", _text("lintian-overrides"))
    _write_control(tree, release)
    _set_times(tree)


def _install_libraries(target: Path, wheel: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    place = ["--target", str(target)]
    lock = str(_ROOT / "requirements.lock")
    binary = ["--require-hashes", "--only-binary=:all:"]
    subprocess.run([*pip, *place, *binary, "-r", lock], check=True)
    subprocess.run([*pip, *place, "--upgrade", "--no-deps", str(wheel)], check=True)
    shutil.rmtree(target / "bin")
    for name in ("direct_url.json", "RECORD", "REQUESTED"):  # they tell of the machine that built this
        for file in target.glob(f"*.dist-info/{name}"):
            file.unlink()


def _unit_of(unit: str) -> str:
    """The unit of the project, with the command's place here, and waiting for a configuration."""
    _, section, rest = unit.partition("[Unit]\n")
    rest = rest.replace("/opt/zapi-exporter/bin/", "/usr/bin/")
    return f"{section}ConditionPathExists=/etc/zapi-exporter/config.yaml\n{rest}"


def _help_of(tree: Path, command: str, module: str) -> CommandHelp:
    code = f"import sys; sys.argv[0] = {command!r}; from {module} import main; sys.exit(main())"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tree / _LIBRARY), "COLUMNS": "100"}
    asked = subprocess.run(
        [sys.executable, "-B", "-c", code, "--help"], check=True, capture_output=True, text=True, env=environ
    )
    return read_help(asked.stdout)


def _write_help(tree: Path, command: CommandHelp, release: Release) -> None:
    share = tree / "usr/share"
    _write_gzip(share / f"man/man1/{command.command}.1.gz", manual_of(command, release.upstream))
    _write(share / "bash-completion/completions" / command.command, bash_completion_of(command))
    _write(share / "zsh/vendor-completions" / f"_{command.command}", zsh_completion_of(command))


def _write_documents(documents: Path, release: Release) -> None:
    _write(documents / "copyright", _text("copyright"))
    _write_gzip(documents / "changelog.gz", (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    date = email.utils.formatdate(float(os.environ["SOURCE_DATE_EPOCH"]))
    _write_gzip(documents / "changelog.Debian.gz", _CHANGELOG.format(version=release.version, date=date))
    for source, name in _EXAMPLES.items():
        place = documents / "examples" / name
        if (_ROOT / source).is_dir():
            shutil.copytree(_ROOT / source, place, ignore=shutil.ignore_patterns("secrets"))
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_ROOT / source, place)


def _write_control(tree: Path, release: Release) -> None:
    for path in tree.rglob("*"):
        if path.name != "secrets":
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    tree.chmod(0o755)
    size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    control = _CONTROL.format(
        version=release.version,
        maintainer=_MAINTAINER,
        architecture=release.architecture,
        size=-(-size // 1024),
        minor=release.minor,
        next_minor=release.minor + 1,
        libc=release.libc,
    )
    _write(tree / "DEBIAN/control", control)
    for script in ("postinst", "prerm", "postrm"):
        _write(tree / "DEBIAN" / script, _text(script), 0o755)
    (tree / "DEBIAN").chmod(0o755)  # dpkg-deb refuses what a strict umask leaves


def _set_times(tree: Path) -> None:
    """Make every file as old as the release: dpkg-deb does it only for those that are younger."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (epoch, epoch))


def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


def _write_gzip(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    file.chmod(0o644)
