"""The mixture of everything that goes wrong, for some seconds."""

from pathlib import Path

import pytest

from tests.system.promises.mixture import INSTANCES, mixing


@pytest.mark.timeout(900)
def test_no_instance_shows_a_value_or_a_reason_that_is_not_its_own(tmp_path: Path) -> None:
    with mixing(tmp_path) as mixture:
        mixture.go_on(6.0)
        assert mixture.look() == INSTANCES
        assert mixture.complaints == {}
