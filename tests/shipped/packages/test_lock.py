"""The lock files: every dependency, pinned with its hashes, from no particular index; and the bill of materials."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.shipped.packages.building import ROOT

pytestmark = pytest.mark.installs

LOCKS = ["requirements.lock", "requirements-build.lock"]


def pins(lock: str) -> dict[str, str]:
    """Name → version."""
    found = re.findall(r"^([a-z0-9-]+)==([^ ;]+)", ROOT.joinpath(lock).read_text(), re.MULTILINE)
    return dict(found)


def test_it_pins_what_the_project_needs() -> None:
    """And all that this needs in turn, or pip would refuse it where the bill of materials is made."""
    locked = pins("requirements.lock")
    for requirement in _requirements(metadata.requires("zapi-exporter") or ()):
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier, requirement.name


def test_it_pins_the_build_backend() -> None:
    (requires,) = re.findall(
        r"^requires = \[(.*)\]$", ROOT.joinpath("pyproject.toml").read_text(), re.MULTILINE
    )
    for requirement in (Requirement(text) for text in re.findall(r'"([^"]+)"', requires)):
        assert pins("requirements-build.lock")[requirement.name] in requirement.specifier


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_line_names_an_index(lock: str) -> None:
    text = ROOT.joinpath(lock).read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) == len(pins(lock))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "index" not in text


@pytest.mark.nightly  # the workflow writes the bill for each commit
def test_the_bill_of_materials_lists_the_lock(tmp_path: Path) -> None:
    environment = Path(sys.prefix)
    installed = [f"--old-file={environment / stamp}" for stamp in (".installed", ".dev")]
    command = ["make", "-C", str(ROOT), *installed, "sbom", f"VENV={environment}", f"DIST={tmp_path}"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    bill: Any = json.loads(tmp_path.joinpath("zapi-exporter.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    listed = {str(canonicalize_name(part["name"])): part["version"] for part in bill["components"]}
    assert listed.pop("zapi-exporter") == metadata.version("zapi-exporter")
    assert listed == pins("requirements.lock")
    assert all(part["licenses"] for part in bill["components"])


def _requirements(lines: Iterable[str]) -> list[Requirement]:
    """Those that hold here; an extra's do not."""
    found = [Requirement(line) for line in lines]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]
