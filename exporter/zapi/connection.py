"""Connections to the API, directly or through a proxy, and the exchange of a request for a reply."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from exporter.zapi.budget import Budget
from exporter.zapi.errors import WIRE_ERRORS, ProxyRefused, failing
from exporter.zapi.private_reply import PrivateReply, receive_privately
from exporter.zapi.proxy import Proxy
from exporter.zapi.reply import Reply, ReplyReader
from exporter.zapi.resolver import Resolver
from exporter.zapi.stream import Stream, TcpStream, TlsStream

T = TypeVar("T")


class Connection:
    """An open stream to the API, ``made_at`` in monotonic seconds."""

    def __init__(self, stream: Stream, made_at: float) -> None:
        self.stream = stream
        self.made_at = made_at
        self.was_kept = False
        """Whether it was kept alive before."""
        self.was_heard = False
        """Whether any byte of the present reply came."""

    def exchange(self, request: bytes, budget: Budget) -> Reply:
        """Return the reply; where only the body is bad and the status is none of success, without the body.

        Raise one of :data:`~exporter.zapi.errors.WIRE_ERRORS`.
        """
        self.was_heard = False
        reader = ReplyReader()
        try:
            self._send(request, budget)
            self._receive(reader, budget)
            return reader.result()
        except WIRE_ERRORS:
            if reader.status == 0 or 200 <= reader.status < 300:
                raise
            return Reply(reader.status, reader.headers, b"", reusable=False)

    def exchange_privately(
        self, request: bytes, budget: Budget, read: Callable[[int, memoryview], T]
    ) -> PrivateReply[T]:
        """Return what ``read`` makes of the status and body of the reply, of which no byte is kept."""
        self.was_heard = False
        self._send(request, budget)
        return receive_privately(self.stream, budget, read, self._hear)

    def _hear(self) -> None:
        self.was_heard = True

    def _send(self, request: bytes, budget: Budget) -> None:
        try:
            self.stream.send(request, budget)
        except (BrokenPipeError, ConnectionResetError):
            return  # the server closed early; it may have answered all the same

    def _receive(self, reader: ReplyReader, budget: Budget) -> None:
        while not reader.is_complete:
            data = self.stream.receive(budget)
            if data:
                self.was_heard = True
                reader.feed(data)
            elif self.was_heard:
                reader.end()
            else:
                raise ConnectionResetError("closed before the reply")


@dataclass(frozen=True, slots=True)
class Route:
    """How the API is reached. ``tls`` verifies the server, unless the scheme is http, and an https proxy."""

    scheme: str
    host: str
    port: int
    tls: ssl.SSLContext
    proxy: Proxy | None
    resolver: Resolver

    def connect(self, budget: Budget) -> Stream:
        """Open a connection. Raise :class:`~exporter.zapi.errors.PollFailed`."""
        first = self.proxy or self
        with contextlib.ExitStack() as undo:
            with failing("proxy" if self.proxy else "server"):
                stream = self._open_tcp(first.host, first.port, budget)
                undo.callback(stream.close)
                if self.proxy is not None:
                    stream = self._pass_proxy(stream, self.proxy, budget)
            if self.scheme == "https":
                with failing("server"):
                    stream = TlsStream(stream, self.tls, self.host, budget)
            undo.pop_all()
        return stream

    def _open_tcp(self, host: str, port: int, budget: Budget) -> Stream:
        """Try one address after the other, each for its share of the time."""
        addresses = self.resolver.resolve(host, port, budget.seconds_left())
        failure: OSError = OSError("no address")
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(budget.seconds_left() / (len(addresses) - tried))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
                return TcpStream(sock)
            except OSError as error:
                failure = error
                sock.close()
        raise failure

    def _pass_proxy(self, stream: Stream, proxy: Proxy, budget: Budget) -> Stream:
        if proxy.scheme == "https":
            stream = TlsStream(stream, self.tls, proxy.host, budget)
        if self.scheme == "https":
            host = f"[{self.host}]" if ":" in self.host else self.host
            target = f"{host}:{self.port}"
            stream.send(write_head("CONNECT", target, {**proxy.headers, "Host": target}), budget)
            reader = ReplyReader(head_only=True)
            while not reader.is_complete:
                if not (data := stream.receive(budget)):
                    raise ConnectionResetError("closed before the tunnel")
                reader.feed(data)
            if not 200 <= reader.status < 300:
                raise ProxyRefused(reader.status)
        return stream


def write_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
