"""The systemd unit: known to systemd word for word, and with little left to an attacker."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from exporter.config.load import load
from harness.processes import COMMAND

UNIT: Final = Path(__file__).parents[3] / "deploy" / "systemd" / "zapi-exporter.service"
EXPOSURE: Final = 2.0
"""What systemd-analyze may find, of 10."""

pytestmark = pytest.mark.needs("systemd-analyze")


def test_systemd_has_nothing_to_say_about_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/zapi-exporter/bin/zapi-exporter", COMMAND))
    verified = _systemd_analyze("verify", "--recursive-errors=no", "--man=no", str(unit))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_it_exposes_little() -> None:
    report = _systemd_analyze("security", "--offline=true", "--threshold=20", str(UNIT))
    assert report.returncode == 0, report.stdout
    level = re.search(r"Overall exposure level for zapi-exporter\.service: ([\d.]+)", report.stdout)
    assert level is not None
    assert float(level[1]) <= EXPOSURE


def test_the_configuration_finds_the_credentials_where_the_unit_says(tmp_path: Path) -> None:
    place = re.search(r"\$\{CREDENTIALS_DIRECTORY\}/(\w+)_NAME", UNIT.read_text())
    assert place is not None
    assert f"LoadCredential={place[1]}:/etc/zapi-exporter/secrets\n" in UNIT.read_text()
    (tmp_path / f"{place[1]}_vendas").write_text("T0KEN\n")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"instances: [{{name: vendas, id: A, token_file: '${{CREDENTIALS_DIRECTORY}}/{place[1]}_vendas'}}]"
    )
    loaded = load(config, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert loaded.instances[0].token.reveal() == "T0KEN"


def _systemd_analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
