"""``docs/metrics.md`` is what the declarations of the metrics say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_document_is_up_to_date() -> None:
    generated = subprocess.run(
        [sys.executable, "docs/generate_metrics.py"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert generated.stdout == (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
