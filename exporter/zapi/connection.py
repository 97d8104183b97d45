"""Connections that obey a poll's limits, and the pool that keeps them alive.

urllib3 makes the connections: proxies, tunnels, TLS. The exchange on one that is open is ours, because urllib3 spends
on it more than all the rest of a poll costs: here the request is written in one piece, and the answer's status line,
headers and framing are read by the standard library and :mod:`exporter.zapi.head`.
"""

import contextlib
import http.client
import socket
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssltransport import SSLTransport

from exporter.zapi.head import LeanResponse
from exporter.zapi.limits import CurrentPoll, LimitedSocket, LimitedTlsSocket
from exporter.zapi.resolver import Address, Resolver

_ALREADY_ANSWERED: Final = (BrokenPipeError, ConnectionResetError)
"""What sending says when the server closed early; it may have answered all the same."""


class ProxyFailed(Exception):
    """The proxy made no connection. ``status`` is the HTTP status that it gave instead, if it answered at all."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__("no connection through the proxy")
        self.status = status


class LimitedConnection(HTTPConnection):
    """Connects within the limits of the thread's current poll, and passes them on to its socket."""

    def __init__(self, *args: Any, current: CurrentPoll, resolver: Resolver, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._current = current
        self._resolver = resolver
        self._has_served = False
        self.has_tunnel = False
        """Whether the proxy made the tunnel: what fails from then on is beyond it."""

    def _new_conn(self) -> socket.socket:
        limits = self._current.limits
        self._has_served = self.has_tunnel = False
        addresses = self._resolver.resolve(self._dns_host, self.port, limits.remaining())
        failure: OSError = OSError("no address")
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            sock = LimitedSocket(family, kind, protocol)
            sock.limits = limits
            try:
                _connect(sock, address, limits.remaining() / (len(addresses) - tried))
            except OSError as error:
                sock.close()
                failure = error
                continue
            sock.settimeout(limits.remaining())
            return sock
        raise failure

    def exchange(self, request: bytes) -> LeanResponse:
        """Send a whole request; the answer, with its headers read. Connects first where that is needed."""
        if self.sock is None:
            self.connect()
        self._current.limits.on_used_connection = self._has_served
        self._has_served = True
        return self._ask("GET", request)

    def _tunnel(self) -> None:
        """Ask the proxy for the tunnel: in place of the library's, which differs between versions of Python."""
        host = f"[{self._tunnel_host}]" if ":" in (self._tunnel_host or "") else self._tunnel_host
        target = f"{host}:{self._tunnel_port}"
        headers: Mapping[str, str] = self._tunnel_headers  # type: ignore[attr-defined]
        answer = self._ask("CONNECT", _written("CONNECT", target, {**headers, "Host": target}))
        answer.close()
        if not 200 <= answer.status < 300:
            raise ProxyFailed(answer.status)
        self.has_tunnel = True

    def _ask(self, method: str, request: bytes) -> LeanResponse:
        limits = self._current.limits
        sock = self.sock.socket if isinstance(self.sock, SSLTransport) else self.sock
        if isinstance(sock, (LimitedSocket, LimitedTlsSocket)):
            sock.limits = limits
        self.sock.settimeout(limits.remaining())
        with contextlib.suppress(*_ALREADY_ANSWERED):
            self.sock.sendall(request)
        answer = LeanResponse(self.sock, method=method)
        try:
            answer.begin()
        except BaseException:
            answer.close()
            raise
        return answer


class LimitedTlsConnection(LimitedConnection, HTTPSConnection):
    """The same over TLS."""


class Reply:
    """An answer that is coming in. It holds its connection until it is closed."""

    def __init__(self, pool: "LimitedPool", connection: LimitedConnection, answer: LeanResponse) -> None:
        self._pool = pool
        self._connection = connection
        self._answer = answer
        self.status = answer.status
        self.headers = answer.headers

    def read(self, size: int, *, decode_content: bool) -> bytes:
        """The next bytes of the body, at most ``size``, none at its end; never decoded.

        Raises :class:`http.client.IncompleteRead` where the body ends too early.
        """
        block = self._answer.read(size)
        if not block and self._answer.length:
            raise http.client.IncompleteRead(b"", self._answer.length)
        return block

    def close(self) -> None:
        """Keep the connection for the next poll, unless the answer was not read whole or was its last."""
        reusable = self._answer.isclosed() and not self._answer.will_close
        self._answer.close()
        self._pool.take_back(self._connection, reusable=reusable)


class LimitedPool(HTTPConnectionPool):
    """Keeps connections alive; gives a new one to a poll that needs it.

    ``host_header`` is the value of every request's ``Host``.
    """

    connection_class: type[LimitedConnection] = LimitedConnection

    def __init__(
        self, *args: Any, host_header: str, current: CurrentPoll, resolver: Resolver, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._host_header = host_header
        self._current = current
        self.ConnectionCls = partial(self.connection_class, current=current, resolver=resolver)  # type: ignore[assignment]

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, *, headers: Mapping[str, str], **settings: Any
    ) -> Reply:
        """Send a request without a body; what else ``requests`` says of it holds for each of ours anyway."""
        connection: LimitedConnection = self._get_conn()  # type: ignore[assignment]
        is_tunnelled = url.startswith("/")
        try:
            if self._current.limits.needs_new_connection:
                connection.close()
            if self.proxy is not None and is_tunnelled and connection.is_closed:
                self._prepare_proxy(connection)
            proxy_headers = {} if is_tunnelled else self.proxy_headers
            answer = connection.exchange(
                _written(method, url, {"Host": self._host_header, **headers, **proxy_headers})
            )
            if answer.status == 407 and self.proxy is not None and not is_tunnelled:
                answer.close()
                raise ProxyFailed(answer.status)
        except Exception as error:
            past_proxy = connection.has_tunnel if is_tunnelled else connection.has_connected_to_proxy
            self.take_back(connection, reusable=False)
            if self.proxy is None or past_proxy or isinstance(error, ProxyFailed):
                raise
            raise ProxyFailed from error
        return Reply(self, connection, answer)

    def take_back(self, connection: LimitedConnection, *, reusable: bool) -> None:
        """Keep a connection for the next request; one that is not reusable will connect anew."""
        if not reusable:
            connection.close()
        self._put_conn(connection)


class LimitedTlsPool(LimitedPool, HTTPSConnectionPool):
    """The same over TLS."""

    connection_class = LimitedTlsConnection


def _written(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _connect(sock: LimitedSocket, address: Address, timeout: float) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(timeout)
    sock.connect(address)
