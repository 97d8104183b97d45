"""What single groups of rules tell where another is not evaluated, over days, and where a threshold is missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shipped.prometheus.group_histories import HISTORIES
from tests.shipped.prometheus.tools import RULES, promtool


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("history", HISTORIES)
def test_rules_tell_what_a_history_expects(history: Callable[[Path, Path], Path], tmp_path: Path) -> None:
    outcome = promtool("test", "rules", history(tmp_path, RULES))

    assert outcome.succeeded, outcome.output
