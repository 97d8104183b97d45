"""Streams of bytes that obey a poll's budget of time and bytes: TCP, and TLS over any of them.

TLS runs on buffers in memory rather than on the socket: everything OpenSSL has taken from the network then stays
visible, so a connection with anything left on it is recognized. It also takes four system calls a poll in place of
six, and a TLS connection through a TLS proxy needs nothing more.
"""

import contextlib
import select
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

from exporter.model.clock import Clock
from exporter.zapi.failures import BODY_TOO_LARGE, PollFailed

BLOCK: Final = 4 * 1024
"""Bytes to make room for before any are received: a usual reply has 1.5 kB, and 16 kB cost a poll a tenth more."""
_KEEPALIVE: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPALIVE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""Idle seconds before the first probe (on macOS TCP_KEEPALIVE), seconds between probes, and their number.

NATs and balancers forget idle connections after minutes.
"""


class Budget:
    """What one poll may use: ``timeout`` seconds from now on, and ``max_bytes`` to receive."""

    __slots__ = ("_bytes_left", "_clock", "_deadline")

    def __init__(self, clock: Clock, timeout: float, max_bytes: int) -> None:
        self._clock = clock
        self._deadline = clock.monotonic() + timeout
        self._bytes_left = max_bytes

    def seconds_left(self) -> float:
        """Return the seconds left, more than 0. Raise :class:`TimeoutError` if there are none."""
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("no time is left")
        return left

    def receive(self, count: int) -> None:
        """Count bytes received. Raise :class:`PollFailed` past the limit."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise PollFailed(BODY_TOO_LARGE)


class Stream:
    """A socket of TCP, which is closed with the last reference to the stream.

    All methods raise :class:`OSError` for a connection that cannot be made or was lost.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)

    def connect(self, address: Any, seconds: float) -> None:
        """Connect to an address as it was resolved, without another lookup."""
        self._sock.settimeout(seconds)
        self._sock.connect(address)
        self._sock.setblocking(False)

    def send(self, data: bytes, budget: Budget) -> None:
        with contextlib.suppress(BlockingIOError):
            data = data[self._sock.send(data) :]
        if data:
            self._sock.settimeout(budget.seconds_left())
            self._sock.sendall(data)
            self._sock.setblocking(False)

    def receive_into(self, buffer: memoryview, budget: Budget) -> int:
        """Wait for more bytes, put them into ``buffer`` and nowhere else, and return how many came: 0 at the end."""
        _wait(self._readable, budget)
        count = self._sock.recv_into(buffer)
        budget.receive(count)
        return count

    def is_quiet(self) -> bool:
        """Return whether the stream is open and holds no byte that was not received."""
        return not self._readable.poll(0)

    def limit_unacknowledged(self, seconds: float) -> None:
        """Let the system close the connection if sent data is not acknowledged in time, where this is supported."""
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = max(1, round(seconds * 1000))  # 0 would be no limit of ours
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def __del__(self) -> None:
        self._sock.close()


class TlsStream(Stream):
    """TLS as a client, over a stream that is open. Raise :class:`ssl.SSLError` if the handshake fails."""

    def __init__(self, below: Stream, context: ssl.SSLContext, host: str, budget: Budget) -> None:
        self._sock, self._below = below._sock, below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._received = memoryview(bytearray(BLOCK))
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host.rstrip("."))
        self._run(budget, self._tls.do_handshake)

    def send(self, data: bytes, budget: Budget) -> None:
        self._run(budget, self._tls.write, data)

    def receive_into(self, buffer: memoryview, budget: Budget) -> int:
        if self._is_drained():
            self._exchange(budget)
        try:
            return int(self._run(budget, self._tls.read, len(buffer), buffer))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return 0

    def is_quiet(self) -> bool:
        """A late session ticket makes it false and costs a connection, which is very rare."""
        return self._is_drained() and self._below.is_quiet()

    def _is_drained(self) -> bool:
        return not self._incoming.pending and not self._tls.pending()

    def _run(self, budget: Budget, operation: Callable[..., Any], *arguments: object) -> Any:
        """Run a TLS operation; exchange bytes with the peer for as long as it needs more."""
        while True:
            try:
                result = operation(*arguments)
                break
            except ssl.SSLWantReadError:
                self._exchange(budget)
        self._flush(budget)
        return result

    def _exchange(self, budget: Budget) -> None:
        self._flush(budget)
        count = self._below.receive_into(self._received, budget)
        self._incoming.write(self._received[:count])
        if not count:
            self._incoming.write_eof()

    def _flush(self, budget: Budget) -> None:
        if self._outgoing.pending:
            self._below.send(self._outgoing.read(), budget)


def _wait(ready: select.poll, budget: Budget) -> None:
    if not ready.poll(budget.seconds_left() * 1000 + 1):
        raise TimeoutError("nothing came in time")
