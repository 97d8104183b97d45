"""Sockets that hold a poll to its deadline and its size.

A socket timeout bounds one operation, so a server that drips a byte now and then holds a plain client for ever.
Here every read first asks what is left for the poll as a whole, whoever does the reading: the status line, the
headers and the body are all bounded by the same two numbers.
"""

import socket
import ssl
import threading
from typing import Any

from exporter.model.clock import Clock


class WireLimitExceeded(Exception):
    """The server sent more than one poll may take."""


class PollLimits:
    """What one poll may still use: time until ``deadline`` (monotonic seconds) and ``bytes_left`` to receive."""

    __slots__ = ("_clock", "bytes_left", "deadline", "needs_new_connection", "on_used_connection")

    def __init__(self, clock: Clock, timeout: float, max_bytes: int) -> None:
        self._clock = clock
        self.deadline = clock.monotonic() + timeout
        self.bytes_left = max_bytes
        self.on_used_connection = False
        """Set by the connection: the request went out on one that had served before."""
        self.needs_new_connection = False
        """Set by the client: a connection kept alive will not do."""

    def remaining(self) -> float:
        """Seconds left, more than 0; raises :class:`TimeoutError` when there are none."""
        left = self.deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("the poll's deadline has passed")
        return left

    def take(self, received: int) -> None:
        """Count bytes received; raises :class:`WireLimitExceeded` past the limit."""
        self.bytes_left -= received
        if self.bytes_left < 0:
            raise WireLimitExceeded


class CurrentPoll(threading.local):
    """The limits of the poll that this thread is making; carries them past libraries that know none."""

    limits: PollLimits


class _Limited:
    """What the two socket classes share. ``limits`` are those of the poll the socket now serves."""

    limits: PollLimits

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(self.limits.remaining())  # type: ignore[attr-defined]
        received: int = super().recv_into(*args, **kwargs)  # type: ignore[misc]
        self.limits.take(received)
        return received

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self.settimeout(self.limits.remaining())  # type: ignore[attr-defined]
        received: bytes = super().recv(*args, **kwargs)  # type: ignore[misc]
        self.limits.take(len(received))
        return received


class LimitedSocket(_Limited, socket.socket):
    """A TCP socket that obeys a poll's limits."""


class LimitedTlsSocket(_Limited, ssl.SSLSocket):
    """A TLS socket that obeys a poll's limits. The handshake obeys the timeout of the socket it wraps."""
