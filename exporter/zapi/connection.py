"""Connections to the API, directly or through a proxy."""

import contextlib
import socket
import ssl
from dataclasses import dataclass

from exporter.zapi.budget import Budget
from exporter.zapi.errors import (
    INVALID_PROXY_REPLY,
    TIMED_OUT,
    Peer,
    PollFailed,
    connection_failure,
    proxy_refusal,
)
from exporter.zapi.head import write_head
from exporter.zapi.proxy import Proxy
from exporter.zapi.reply import ReplyReader
from exporter.zapi.resolver import AddressInfo, Resolver
from exporter.zapi.stream import Stream, TcpStream, TlsStream


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
        peer: Peer = "proxy" if self.proxy else "server"
        with contextlib.ExitStack() as undo:
            try:
                stream: Stream = self._open_tcp(first.host, first.port, budget)
                undo.callback(stream.close)
                if self.proxy is not None:
                    stream = self._pass_proxy(stream, self.proxy, budget)
                peer = "server"
                if self.scheme == "https":
                    stream = TlsStream(stream, self.tls, self.host, budget)
            except OSError as error:
                raise PollFailed(connection_failure(error, peer)) from None
            undo.pop_all()
        return stream

    def _open_tcp(self, host: str, port: int, budget: Budget) -> TcpStream:
        """Try one address after the other, each for its share of the time."""
        addresses = self.resolver.resolve(host, port, budget.seconds_left())
        failure: OSError = OSError("no address")
        for tried, address in enumerate(addresses):
            share = budget.seconds_left() / (len(addresses) - tried)
            try:
                return TcpStream(_connected(address, share))
            except OSError as error:  # also of a family that this machine does not have
                failure = error
        raise failure

    def _pass_proxy(self, stream: Stream, proxy: Proxy, budget: Budget) -> Stream:
        if proxy.scheme == "https":
            stream = TlsStream(stream, self.tls, proxy.host, budget)
        if self.scheme == "https":
            host = f"[{self.host}]" if ":" in self.host else self.host
            target = f"{host}:{self.port}"
            stream.send(write_head("CONNECT", target, {**proxy.headers, "Host": target}), budget)
            _expect_tunnel(stream, budget)
        return stream


def _connected(resolved: AddressInfo, seconds: float) -> socket.socket:
    """Return a socket that is connected to a resolved address: with the zone of an IPv6 one, and without a lookup."""
    family, kind, protocol, _, address = resolved
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def _expect_tunnel(stream: Stream, budget: Budget) -> None:
    reader = ReplyReader(stream, budget)
    try:
        reader.read(head_only=True)
    except PollFailed as failed:
        raise PollFailed(TIMED_OUT if failed.failure == TIMED_OUT else INVALID_PROXY_REPLY) from None
    if not 200 <= reader.status < 300:
        raise PollFailed(proxy_refusal(reader.status))
    if reader.has_surplus:  # a page in place of a tunnel: behind one nobody speaks before us
        raise PollFailed(INVALID_PROXY_REPLY)
