import pytest

from exporter.demo.instances import Phase, Timeline

UP = Phase(30.0, connected=True)
DOWN = Phase(10.0, connected=False)


@pytest.mark.parametrize(
    ("elapsed", "phase"), [(0.0, UP), (29.9, UP), (30.0, DOWN), (39.9, DOWN), (40.0, UP), (4_000_030.0, DOWN)]
)
def test_phases_follow_each_other_for_ever(elapsed: float, phase: Phase) -> None:
    assert Timeline((UP, DOWN)).at(elapsed) is phase
    assert Timeline((DOWN,)).at(elapsed) is DOWN


def test_an_offset_begins_within_the_first_phase() -> None:
    assert Timeline((UP, DOWN), offset=25.0).at(4.9) is UP
    assert Timeline((UP, DOWN), offset=25.0).at(5.0) is DOWN
