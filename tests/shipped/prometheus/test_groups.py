"""Groups of rules that stand on another tell on what they told, and end nothing, while that one is not evaluated."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shipped.prometheus.group_histories import begun, days, missing, pause, reasons_last, recovered
from tests.shipped.prometheus.tools import RULES, promtool


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("history", [pause, reasons_last, recovered, begun])
def test_nothing_ends_or_begins_by_what_is_not_evaluated(
    history: Callable[[Path, Path], Path], tmp_path: Path
) -> None:
    outcome = promtool("test", "rules", history(tmp_path, RULES))

    assert outcome.succeeded, outcome.output


@pytest.mark.needs("promtool")
def test_a_phone_is_told_after_a_day_and_again_after_ten(tmp_path: Path) -> None:
    outcome = promtool("test", "rules", days(tmp_path, RULES))

    assert outcome.succeeded, outcome.output


@pytest.mark.needs("promtool")
def test_each_threshold_and_group_that_is_missing_alone_is_told(tmp_path: Path) -> None:
    outcome = promtool("test", "rules", missing(tmp_path, RULES))

    assert outcome.succeeded, outcome.output
