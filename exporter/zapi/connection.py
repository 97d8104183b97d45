"""Connections to the API, directly or through a proxy, and the exchange of a request for a reply."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from exporter.zapi.budget import Budget
from exporter.zapi.errors import INVALID_PROXY_REPLY, TIMED_OUT, PollFailed, failing, proxy_refusal
from exporter.zapi.proxy import Proxy
from exporter.zapi.reply import ReplyReader
from exporter.zapi.resolver import Resolver
from exporter.zapi.stream import Stream, TcpStream, TlsStream

T = TypeVar("T")
Read = Callable[[int, Mapping[str, str], memoryview], T]
"""Makes something of a reply: of its status, its headers and its body as it was sent, which is erased afterwards."""


class Connection:
    """An open stream to the API, ``made_at`` in monotonic seconds."""

    def __init__(self, stream: Stream, made_at: float) -> None:
        self.stream = stream
        self.made_at = made_at
        self.was_kept = False
        """Whether it was kept alive before."""
        self.was_heard = False
        """Whether any byte of the latest reply came."""
        self.status = 0
        """That of the latest reply, 0 where none came."""
        self.is_reusable = False
        """Whether the latest reply lets another request follow."""

    def exchange(self, request: bytes, budget: Budget, read: Read[T]) -> T:
        """Return what ``read`` makes of the reply; of one that is no success and whose body is bad, without the body.

        Raise :class:`~exporter.zapi.errors.PollFailed`, and :class:`OSError` for a connection that was lost.
        """
        self.was_heard = self.is_reusable = False
        reader = ReplyReader()
        try:
            self._send(request, budget)
            while not reader.is_complete:
                reader.receive(self.stream, budget)
            result = read(reader.status, reader.headers, reader.body)
            self.is_reusable = reader.is_reusable
        except (OSError, PollFailed):
            if not reader.status or 200 <= reader.status < 300:
                raise
            return read(reader.status, reader.headers, memoryview(b""))
        else:
            return result
        finally:
            self.was_heard, self.status = reader.was_heard, reader.status
            reader.erase()

    def _send(self, request: bytes, budget: Budget) -> None:
        try:
            self.stream.send(request, budget)
        except (BrokenPipeError, ConnectionResetError):
            return  # the server closed early; it may have answered all the same


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
            try:
                sock = socket.socket(family, kind, protocol)  # of a family that this machine may not have
            except OSError as error:
                failure = error
                continue
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
            status = _read_tunnel_status(stream, budget)
            if not 200 <= status < 300:
                raise PollFailed(proxy_refusal(status))
        return stream


def _read_tunnel_status(stream: Stream, budget: Budget) -> int:
    reader = ReplyReader(head_only=True)
    try:
        while not reader.is_complete:
            reader.receive(stream, budget)
    except PollFailed as failed:
        raise PollFailed(TIMED_OUT if failed.failure == TIMED_OUT else INVALID_PROXY_REPLY) from None
    if 200 <= reader.status < 300 and reader.has_surplus:
        raise PollFailed(
            INVALID_PROXY_REPLY
        )  # a page in place of a tunnel: behind one nobody speaks before us
    return reader.status


def write_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
