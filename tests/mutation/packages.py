"""The packages that are mutated, and the tests that must notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Package:
    """Files of the exporter and the tests that are theirs."""

    sources: str
    tests: Sequence[str]
    judged: bool = False
    """Whether each survivor has been looked at: a new one fails the run. Else survivors are only listed."""


PACKAGES: Final[Mapping[str, Package]] = {
    "model": Package("exporter/model/*.py", ["tests/unit/model"], judged=True),
    "fleet": Package("exporter/fleet/*.py", ["tests/unit/fleet"], judged=True),
    "poller": Package("exporter/poller/*.py", ["tests/unit/poller"]),
    "metrics": Package("exporter/metrics/*.py", ["tests/unit/metrics"]),
    "zapi": Package("exporter/zapi/*.py", ["tests/unit/zapi"]),
    "config": Package("exporter/config/*.py", ["tests/unit/config"]),
    "httpd": Package("exporter/httpd/*.py", ["tests/unit/httpd"]),
    "webconfig": Package("exporter/webconfig/*.py", ["tests/unit/webconfig"]),
    "web": Package("exporter/web/*.py", ["tests/unit/web"]),
    "discovery": Package("exporter/discovery/*.py", ["tests/unit/discovery"]),
    "process": Package("exporter/process/*.py", ["tests/unit/process"]),
    "report": Package("exporter/report/*.py", ["tests/shipped/availability"]),
    "top": Package(
        "exporter/[!_]*.py",
        ["tests/unit/test_cli.py", "tests/unit/test_daemon.py", "tests/unit/test_healthcheck.py"],
    ),
}
