"""What one poll may use: time and bytes, told to everything that waits or receives on its behalf."""

from exporter.model.clock import Clock
from exporter.zapi.errors import BODY_TOO_LARGE, TIMED_OUT, PollFailed


class Budget:
    """``timeout`` seconds from now on, and ``max_bytes`` to receive."""

    __slots__ = ("_bytes_left", "_clock", "_deadline", "timeout")

    def __init__(self, clock: Clock, timeout: float, max_bytes: int) -> None:
        self.timeout = timeout
        self._clock = clock
        self._deadline = clock.monotonic() + timeout
        self._bytes_left = max_bytes

    def seconds_left(self) -> float:
        """Return the seconds left, more than 0. Raise :class:`PollFailed` if there are none."""
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise PollFailed(TIMED_OUT)
        return left

    def receive(self, count: int) -> None:
        """Count bytes received. Raise :class:`PollFailed` past the limit."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise PollFailed(BODY_TOO_LARGE)
