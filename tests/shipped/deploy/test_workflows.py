"""What runs at the forge: valid, pinned by hash, and allowed no more than it needs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

FORGE: Final = Path(__file__).parents[3] / ".github"
BIN: Final = Path(sys.executable).parent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "files"), [("github-workflows", "workflows/*.yaml"), ("dependabot", "dependabot.yml")]
)
def test_the_forge_knows_every_word(schema: str, files: str) -> None:
    _check("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, FORGE.glob(files)))


def test_an_auditor_finds_nothing() -> None:
    """Actions without a hash, permissions too wide, untrusted text in scripts, and their like."""
    _check("zizmor", "--offline", "--persona=pedantic", "--no-progress", str(FORGE))


def test_every_python_that_is_declared_is_tested() -> None:
    project = FORGE.with_name("pyproject.toml").read_text()
    declared = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    suite = yaml.safe_load((FORGE / "workflows/ci.yaml").read_text())["jobs"]["suite"]
    assert suite["strategy"]["matrix"]["python"] == declared


def test_every_night_runs_the_targets_that_take_long() -> None:
    makefile = FORGE.with_name("Makefile").read_text()
    job = yaml.safe_load((FORGE / "workflows/nightly.yaml").read_text())["jobs"]["long"]
    targets = {command.split()[0] for command in job["strategy"]["matrix"]["target"]}
    assert targets >= {"nightly", "mutants-python", "soak", "test-oldest", "test-newer"}
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_what_is_published_was_tested_first_and_is_signed() -> None:
    jobs = yaml.safe_load((FORGE / "workflows/ci.yaml").read_text())["jobs"]
    published = {name for name, job in jobs.items() if "write" in str(job["permissions"])}
    assert published == {"release", "index"}
    assert set(jobs["release"]["needs"]) == set(jobs) - published
    assert jobs["index"]["needs"] == ["release"]
    assert all(jobs[name]["if"] == "startsWith(github.ref, 'refs/tags/v')" for name in published)
    steps = jobs["release"]["steps"]
    signed = [step["with"] for step in steps if "attest-build-provenance" in step.get("uses", "")]
    assert [sorted(what)[-1] for what in signed] == ["subject-name", "subject-path"]


def _check(command: str, *arguments: str) -> None:
    checked = subprocess.run([str(BIN / command), *arguments], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
