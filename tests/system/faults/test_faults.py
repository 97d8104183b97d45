"""The exporter keeps every promise under every fault. ``make faults`` prints the same, line by line."""

from pathlib import Path

import pytest

from simulator.faults import every_fault
from tests.system.faults.suites import SUITES, run
from tests.system.faults.table import promises


def test_every_fault_of_the_simulation_has_a_promise() -> None:
    assert promises().keys() == every_fault().keys()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("suite", list(SUITES))
def test_every_promise_is_kept(suite: str, tmp_path: Path) -> None:
    results = list(run(suite, tmp_path, lambda _: None))
    assert results
    assert "\n".join(str(result) for result in results if not result.ok) == ""
