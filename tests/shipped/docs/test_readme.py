"""What the README tells to copy is right."""

import re
import subprocess
from pathlib import Path

import pytest

from exporter.config.load import load

README = Path(__file__).parents[3].joinpath("README.md").read_text(encoding="utf-8")
YAML = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(YAML[0])
    config = load(tmp_path / "config.yaml", {"ZAPI_CLIENT_TOKEN": "C", "ZAPI_VENDAS_TOKEN": "T"})
    assert config.instances[0].name == "vendas"


@pytest.mark.needs("promtool")
def test_the_scrape_configuration_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text(YAML[1])
    subprocess.run(["promtool", "check", "config", str(file)], check=True, capture_output=True)
