"""Connections to the API, directly or through a proxy."""

import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from exporter.zapi.errors import INVALID_PROXY_REPLY, PollFailed, connection_failure, proxy_refusal
from exporter.zapi.proxy import DEFAULT_PORTS, Proxy
from exporter.zapi.reply import ReplyReader
from exporter.zapi.resolver import Resolver
from exporter.zapi.stream import Budget, Stream, TlsStream


class Route:
    """How the server of ``base_url`` is reached. ``tls`` verifies it, unless the scheme is http, and an https proxy."""

    def __init__(self, base_url: str, tls: ssl.SSLContext, proxy: Proxy | None, resolver: Resolver) -> None:
        parts = urlsplit(base_url)
        self._tls, self._proxy, self._resolver = tls, proxy, resolver
        self._is_secure = parts.scheme == "https"
        self.host, self.port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        self.is_forwarded = proxy is not None and not self._is_secure
        """Whether the proxy gets the requests themselves, and is not only asked for a tunnel."""
        self.headers = {"Host": parts.netloc.removesuffix(f":{DEFAULT_PORTS[parts.scheme]}")}
        """What the route adds to each request."""
        if proxy is not None and self.is_forwarded:
            self.headers |= proxy.headers

    def connect(self, budget: Budget) -> Stream:
        """Open a connection. Raise :class:`~exporter.zapi.errors.PollFailed`."""
        proxy, at_server = self._proxy, self._proxy is None
        first = proxy or self
        try:
            stream = self._open_tcp(first.host, first.port, budget)
            if proxy and proxy.scheme == "https":
                stream = TlsStream(stream, self._tls, proxy.host, budget)
            if proxy and self._is_secure:
                self._make_tunnel(stream, proxy, budget)
            at_server = True
            if self._is_secure:
                stream = TlsStream(stream, self._tls, self.host, budget)
        except OSError as error:
            raise PollFailed(connection_failure(error, at_server=at_server)) from None
        return stream

    def _open_tcp(self, host: str, port: int, budget: Budget) -> Stream:
        """Try one address after the other, each for a share of the time. An IPv6 address keeps its zone."""
        addresses = list(self._resolver.resolve(host, port, budget.seconds_left()))
        while True:
            share = budget.seconds_left() / len(addresses)
            family, kind, protocol, _, address = addresses.pop(0)
            try:
                stream = Stream(socket.socket(family, kind, protocol))
                stream.connect(address, share)
                return stream
            except OSError:  # also of a family that this machine does not have
                if not addresses:
                    raise

    def _make_tunnel(self, stream: Stream, proxy: Proxy, budget: Budget) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        target = f"{host}:{self.port}"
        stream.send(write_head("CONNECT", target, {**proxy.headers, "Host": target}), budget)
        reader = ReplyReader(stream, budget)
        try:
            reader.read_head()
        except PollFailed:
            raise PollFailed(INVALID_PROXY_REPLY) from None
        if not 200 <= reader.status < 300:
            raise PollFailed(proxy_refusal(reader.status))
        if reader.has_surplus:  # a page in place of a tunnel: behind one nobody speaks before us
            raise PollFailed(INVALID_PROXY_REPLY)


def write_head(method: str | None, target: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
