"""A stream that plays the bytes a test wrote for it."""

import contextlib
import socket
from collections.abc import Iterable, Iterator

import pytest

from exporter.model.poll_result import Failure
from exporter.zapi.failures import PollFailed
from exporter.zapi.stream import Budget, Stream
from tests.clocks import ManualClock


class ReplayedStream(Stream):
    """``ends`` or ``is_lost`` say what comes after the blocks; otherwise the test was to ask for no more."""

    def __init__(self, blocks: Iterable[bytes], *, ends: bool = False, is_lost: bool = False) -> None:
        super().__init__(socket.socket())
        self._blocks = [block for block in blocks if block]
        self._ends, self._is_lost = ends, is_lost
        self.buffers: list[bytearray] = []
        """What the bytes were to be put into."""

    def receive_into(self, buffer: memoryview, budget: Budget) -> int:
        assert isinstance(buffer.obj, bytearray)
        if not any(buffer.obj is known for known in self.buffers):
            self.buffers.append(buffer.obj)
        if not self._blocks:
            if self._is_lost:
                raise ConnectionResetError
            assert self._ends
            return 0
        count = min(len(self._blocks[0]), len(buffer))
        buffer[:count] = self._blocks[0][:count]
        self._blocks[0] = self._blocks[0][count:]
        if not self._blocks[0]:
            del self._blocks[0]
        return count

    def is_quiet(self) -> bool:
        return not self._blocks


def a_budget() -> Budget:
    return Budget(ManualClock(), 10.0, 10_000_000)


@contextlib.contextmanager
def refusing(*failures: Failure) -> Iterator[None]:
    """Expect one of these failures."""
    with pytest.raises(PollFailed) as raised:
        yield
    assert raised.value.failure in failures
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
