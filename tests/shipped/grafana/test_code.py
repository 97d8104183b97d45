"""The committed JSON is what the code builds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.shipped.grafana.dashboards import FILES, ROOT


@pytest.mark.installs
@pytest.mark.skipif(sys.version_info < (3, 11), reason="the SDK that builds the dashboards needs Python 3.11")
def test_the_dashboards_are_up_to_date(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "grafana.build", str(tmp_path)], cwd=ROOT, check=True)
    built = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.glob("*/*.json")}
    committed = {file.name: file.read_text(encoding="utf-8") for file in FILES}
    assert built.keys() == committed.keys()
    for name, text in built.items():
        assert text == committed[name], f"{name} is old: run `make dashboards`"
