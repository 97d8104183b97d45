"""A clock that stands still until it is told to move."""


class ManualClock:
    """Both clocks in one; they start at different times so that one cannot be taken for the other."""

    def __init__(self, monotonic: float = 1000.0, time: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._time = time

    def monotonic(self) -> float:
        return self._monotonic

    def time(self) -> float:
        return self._time

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds
        self._time += seconds

    def step_wall_clock(self, seconds: float) -> None:
        self._time += seconds
