"""The packages that are mutated, and the tests that must notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_LONG: Final = ("nightly", "slow", "installs")


@dataclass(frozen=True, slots=True)
class Package:
    """Files of the exporter and the tests that are theirs."""

    sources: str
    """A pattern in which ``**`` stands for any folders and ``*`` for none."""
    tests: Sequence[str]
    judged: bool = False
    """Whether each survivor has been looked at: a new one fails the run. Else survivors are only listed."""
    elsewhere: Sequence[str] = ()
    """Files whose tests start another process, in which no mutant is active."""
    left_out: Sequence[str] = _LONG
    """Marks of tests that take too long to be run for each mutant."""


def _package(name: str, *, judged: bool = False) -> Package:
    return Package(f"exporter/{name}/**/*.py", [f"tests/unit/{name}"], judged)


_UNJUDGED: Final = (
    "metrics",
    "zapi",
    "httpd",
    "web",
    "discovery",
)

PACKAGES: Final[Mapping[str, Package]] = {
    **{name: _package(name, judged=True) for name in ("model", "fleet", "poller", "webconfig")},
    **{name: _package(name) for name in _UNJUDGED},
    "config": Package(
        "exporter/config/*.py",
        ["tests/unit/config", "tests/unit/webconfig/test_load.py"],  # which alone reads private keys
    ),
    "process": Package(
        "exporter/process/*.py",
        ["tests/unit/process"],
        elsewhere=[f"exporter/process/{name}.py" for name in ("output", "resources", "signals")],
    ),
    "report": Package("exporter/report/**/*.py", ["tests/shipped/availability"], left_out=(*_LONG, "needs")),
    "top": Package(
        "exporter/[!_]*.py",
        [
            *("tests/unit/test_cli.py", "tests/unit/test_daemon.py", "tests/unit/test_healthcheck.py"),
            "tests/unit/test_reloader.py",
            "tests/unit/discovery/test_accounts.py",  # what the daemon does with lists
        ],
        elsewhere=["exporter/cli.py", "exporter/commands.py"],
    ),
}
