"""The real promtool and amtool, and the shipped rules as values."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[3]
PROMETHEUS: Final = ROOT / "prometheus"
RULES: Final = PROMETHEUS / "rules"
RULE_TESTS: Final = PROMETHEUS / "tests"
ALERTMANAGER: Final = ROOT / "alertmanager"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"


_ENVIRONMENT: Final = {"GOMAXPROCS": "1", "GOGC": "400", "TZ": "UTC"}
"""Hundreds of short runs, side by side: threads and garbage collection would cost a quarter of the time.

Texts of alerts have times of the zone ``TZ``.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. ``output`` is what it printed, on both streams."""

    succeeded: bool
    output: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule where it stands: the ``position``-th of the ``group``-th group of ``file``, from 0."""

    file: Path
    group: int
    position: int
    body: dict[str, Any]

    @property
    def alert(self) -> str | None:
        name = self.body.get("alert")
        return name if name is None else str(name)

    @property
    def name(self) -> str:
        """The alert's name, or that of the series it records."""
        return self.alert or str(self.body["record"])

    @property
    def expr(self) -> str:
        return str(self.body["expr"])


def promtool(*arguments: str | Path) -> Outcome:
    return _run("promtool", arguments)


def amtool(*arguments: str | Path) -> Outcome:
    return _run("amtool", arguments)


def rule_files() -> list[Path]:
    return sorted(RULES.glob("*.yaml"))


def rules() -> Iterator[Rule]:
    for file in rule_files():
        for group, body in enumerate(_groups(file)):
            for position, rule in enumerate(body["rules"]):
                yield Rule(file, group, position, rule)


@cache
def _groups(file: Path) -> list[dict[str, Any]]:
    """Hundreds of tests read the same files, which takes half a second each time that they are parsed."""
    groups: list[dict[str, Any]] = parse(file.read_text())["groups"]
    return groups


def parse(text: str) -> Any:
    """A YAML document, as ``yaml.safe_load`` gives it, by the parser in C where there is one: ten times as fast."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def alerts() -> list[Rule]:
    return [rule for rule in rules() if rule.alert]


def _run(tool: str, arguments: Sequence[str | Path]) -> Outcome:
    path = shutil.which(tool)
    if path is None:
        raise AssertionError(f"{tool} is not on the PATH: run `make test`, which installs it")
    done = subprocess.run(
        [path, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, **_ENVIRONMENT},
    )
    return Outcome(done.returncode == 0, done.stdout)
