"""Runs mutmut over one package, in a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tests.mutation.judgement import Mutant
from tests.mutation.packages import Package

PROJECT: Final = Path(__file__).resolve().parents[2]
WORK: Final = PROJECT / ".reports" / "mutation"

_BIN: Final = Path(sys.executable).parent
_SURVIVED: Final = ("survived", "no tests")
_UNSEEN: Final = ("not checked",)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants of a package."""

    counts: Counter[str]
    survivors: Sequence[Mutant]

    @property
    def made(self) -> int:
        """Mutants that were tried."""
        return sum(number for status, number in self.counts.items() if status not in _UNSEEN)


def mutate(name: str, package: Package, numbers: str, children: int) -> Outcome:
    """Try the mutants whose number within their function ends in one of the digits ``numbers``.

    A mutant that mypy refuses is noticed: `make check` runs it. Output goes to ``.reports/mutation/NAME.log``.
    """
    copy = WORK / name
    shutil.rmtree(copy, ignore_errors=True)
    entries = _copy(copy)
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(_settings(package, entries))
    with (WORK / f"{name}.log").open("w", encoding="utf-8") as log:
        done = _mutmut(copy, "run", f"--max-children={children}", f"*__mutmut_*[{numbers}]", output=log)
    if done.returncode != 0:
        raise RuntimeError(f"mutmut ended with {done.returncode}; see {WORK.relative_to(PROJECT)}/{name}.log")
    results = dict(_results(copy))
    return Outcome(
        Counter(results.values()),
        [_show(copy, key) for key, status in results.items() if status in _SURVIVED],
    )


def place_of(key: str) -> str:
    """Return ``package.module.Class.function`` of mutmut's name for a mutant."""
    module, _, function = key.removeprefix("exporter.").rpartition(".")
    name = function.rpartition("__mutmut_")[0].removeprefix("x")
    return ".".join([module, *name.split("ǁ")[1:]] if "ǁ" in name else [module, name.removeprefix("_")])


def _copy(target: Path) -> list[str]:
    """Copy what git knows of the project; return the names at its top."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True)
    files = [name for name in listed.stdout.decode().split("\0") if name and (PROJECT / name).is_file()]
    for name in files:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, target / name)
    return sorted({name.partition("/")[0] for name in files})


def _settings(package: Package, entries: Sequence[str]) -> str:
    checks = ["mypy", "exporter", "--output=json", "--disable-error-code=unused-ignore"]
    settings = {
        "source_paths": ["exporter"],
        "only_mutate": sorted(str(file.relative_to(PROJECT)) for file in PROJECT.glob(package.sources)),
        "do_not_mutate": package.elsewhere,
        "also_copy": [entry for entry in entries if entry not in ("exporter", "tests")],
        "pytest_add_cli_args_test_selection": package.tests,
        "pytest_add_cli_args": [
            "-p",
            "no:cacheprovider",
            "-m",
            " and ".join(f"not {mark}" for mark in package.left_out),
        ],
        # mutmut declares the attributes of an object again in each mutant of its __init__
        "type_check_command": [*checks, "--disable-error-code=no-redef"],
        "timeout_multiplier": 3.0,
        "timeout_constant": 30.0,  # real seconds: a mutant that the machine delays is not one that hangs
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["", "[tool.mutmut]", *lines, ""])


def _results(copy: Path) -> Iterator[tuple[str, str]]:
    for line in _mutmut(copy, "results", "--all=true").stdout.splitlines():
        key, _, status = line.strip().partition(": ")
        yield key, status


def _show(copy: Path, key: str) -> Mutant:
    lines = _mutmut(copy, "show", key).stdout.splitlines()
    changed = [line for line in lines if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))]
    before, after = (" ".join(line[1:].strip() for line in changed if line[0] == sign) for sign in "-+")
    return Mutant(place_of(key), before, after)


def _mutmut(
    copy: Path, *arguments: str, output: "IO[str] | int" = subprocess.PIPE
) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "PATH": f"{_BIN}:{os.environ['PATH']}", "HYPOTHESIS_PROFILE": "quick"}
    return subprocess.run(
        [str(_BIN / "mutmut"), *arguments],
        cwd=copy,
        check=False,
        env=environ,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
    )
