"""The exporter keeps every promise under every fault. ``make faults`` prints the same, line by line."""

from pathlib import Path

import pytest

from tests.system.faults.__main__ import SUITES, run
from tests.system.faults.table import promises, unused


def test_every_fault_has_one_promise_and_every_promise_a_fault() -> None:
    assert promises(), "it raises for a fault that has none, or two"
    assert unused() == []


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("suite", list(SUITES))
def test_every_promise_is_kept(suite: str, tmp_path: Path) -> None:
    results = list(run(suite, tmp_path, lambda _: None))
    assert results
    assert "\n".join(str(result) for result in results if not result.ok) == ""
