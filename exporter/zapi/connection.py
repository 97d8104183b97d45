"""Connections to the API, directly or through a proxy, and name lookups with a timeout."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from exporter.zapi.failures import (
    INVALID_PROXY_REPLY,
    NoThreadLeft,
    PollFailed,
    connection_failure,
    proxy_refusal,
)
from exporter.zapi.proxy import DEFAULT_PORTS, Proxy
from exporter.zapi.reply import ReplyReader
from exporter.zapi.stream import Budget, Stream, TlsStream

AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
Lookup = Callable[[str, int], Sequence[AddressInfo]]


def system_lookup(host: str, port: int) -> Sequence[AddressInfo]:
    """Ask the system; may block for as long as its name servers do. Raises :class:`OSError`."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Resolver:
    """Looks names up on threads of its own, one for each name at a time, however many polls wait for it.

    If a name server hangs, the poll times out and one thread stays blocked, but no worker.
    """

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, int], Future[Sequence[AddressInfo]]] = {}

    def resolve(self, host: str, port: int, timeout: float) -> Sequence[AddressInfo]:
        """Return the addresses of ``host``, at least one.

        Raise :class:`TimeoutError` after ``timeout`` seconds, :class:`socket.gaierror` for an unknown name, and
        :class:`NoThreadLeft`.
        """
        try:
            with contextlib.suppress(socket.gaierror):
                return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return self._shared_lookup((host, port)).result(timeout)
        except UnicodeError:  # not a host name at all: a label too long or empty
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
        except FutureTimeout:
            raise TimeoutError("the name lookup did not answer") from None

    def _shared_lookup(self, name: tuple[str, int]) -> "Future[Sequence[AddressInfo]]":
        with self._lock:
            if name in self._pending:
                return self._pending[name]
            pending: Future[Sequence[AddressInfo]] = Future()
            thread = threading.Thread(target=self._run, args=(name, pending), name="resolver", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                raise NoThreadLeft("no thread for the name lookup") from None
            # Registered only after the start: a lookup that never started would block its callers for ever.
            self._pending[name] = pending
            return pending

    def _run(self, name: tuple[str, int], future: "Future[Sequence[AddressInfo]]") -> None:
        try:
            tell = partial(future.set_result, self._lookup(*name))
        except Exception as error:
            # its traceback refers to this frame: the cycle would keep the sockets of polls open
            tell = partial(future.set_exception, error.with_traceback(None))
        with self._lock:  # before the waiting polls know the result: the next one looks the name up anew
            del self._pending[name]
        tell()


class Route:
    """The route to the server of ``base_url``. ``tls`` verifies an https server and an https proxy."""

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
        """Open a connection. Raise :class:`~exporter.zapi.failures.PollFailed`."""
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
        if reader.has_surplus:  # not a tunnel: in one, the client sends the first bytes
            raise PollFailed(INVALID_PROXY_REPLY)


def write_head(method: str | None, target: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
