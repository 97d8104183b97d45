"""Prometheus' own checker of web configurations and ours, on the same files."""

import subprocess
from pathlib import Path

import pytest
import trustme

from tests.unit.httpd.certificates import EXAMPLES, write_files


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_promtool_accepts_our_examples(tmp_path: Path, authority: trustme.CA, example: Path) -> None:
    write_files(tmp_path, authority)
    file = tmp_path / example.name
    file.write_text(example.read_text())
    checked = subprocess.run(
        ["promtool", "check", "web-config", file], capture_output=True, text=True, timeout=60, check=False
    )
    assert "SUCCESS" in checked.stdout + checked.stderr
    assert checked.returncode == 0
