"""What the simulated server has seen: counted on its own thread, read on any."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from simulator.connection import Observer

_LOOK_AGAIN: Final = 0.02


class Counters(Observer):
    """``connections`` were accepted, ``handshakes`` are TLS handshakes that succeeded.

    ``requests`` counts by instance id those that named an instance. ``in_flight`` are requests whose reply is not
    complete, ``max_in_flight`` the most there ever were at once.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: Counter[str] = Counter()
        self.connections = 0
        self.handshakes = 0
        self.in_flight = 0
        self.max_in_flight = 0

    @property
    def requests(self) -> Mapping[str, int]:
        with self._changed:
            return self._requests.copy()

    def connection(self) -> None:
        with self._changed:
            self.connections += 1
            self._changed.notify_all()

    def handshake(self) -> None:
        with self._changed:
            self.handshakes += 1
            self._changed.notify_all()

    def request(self, instance_id: str) -> None:
        with self._changed:
            self._requests[instance_id] += 1
            self._changed.notify_all()

    def reply_began(self) -> None:
        with self._changed:
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            self._changed.notify_all()

    def reply_ended(self) -> None:
        with self._changed:
            self.in_flight -= 1
            self._changed.notify_all()

    def wait_for(self, what: str, condition: Callable[[], bool], timeout: float) -> None:
        """Wait until ``condition`` holds, whatever it looks at; a change of a counter is seen at once.

        Raises TimeoutError, naming ``what``, after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"the simulated Z-API waited {timeout:g} s in vain for {what}")
                self._changed.wait(min(left, _LOOK_AGAIN))
