"""``requests``' transport: one server, over kept-alive connections of our own.

The adapters of ``requests`` and urllib3 bound neither the time nor the size of a whole reply, and take most of a poll's
CPU. A transport adapter is the public place to do better.
"""

import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import Retry

from exporter.model.clock import Clock
from exporter.zapi.body import MAX_BODY
from exporter.zapi.budget import Budget
from exporter.zapi.connection import Connection, Route, write_head
from exporter.zapi.errors import WIRE_ERRORS, PollFailed, ProxyRefused, failing, failure_of
from exporter.zapi.proxy import DEFAULT_PORTS, Proxy
from exporter.zapi.resolver import Resolver

MAX_WIRE: Final = 2 * MAX_BODY
"""Most bytes received for one request: the body with its framing, headers, interim replies and TLS."""

CONNECTION_LIFETIME: Final = 300.0
"""Longest use of a connection, in seconds: a changed address of the API is followed after that."""

_UNACKNOWLEDGED: Final = 0.25
"""Part of a request's time for which a kept-alive connection may leave what was sent unacknowledged.

A path that forgot the connection acknowledges nothing; the system of a server that is only slow does at once. What
remains of the time is enough for the same request over a new connection.
"""


class Reusable(Protocol):
    """A reply that says whether its connection may serve another request."""

    @property
    def reusable(self) -> bool: ...


T = TypeVar("T")
R = TypeVar("R", bound=Reusable)


class Received(Protocol):
    """What :meth:`Adapter.build_response` takes: a reply of ours, or one of urllib3."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def data(self) -> bytes: ...


class Response(requests.Response):
    """A response that was received whole. It has no cookie jar, which takes longer to make than all the rest."""

    def __init__(self, request: requests.PreparedRequest, received: Received) -> None:
        self.request = request
        self.status_code = received.status
        self.headers = received.headers  # type: ignore[assignment]
        self.encoding = None
        self._data = received.data

    @property
    def content(self) -> bytes:
        """The decoded body."""
        return self._data


class WrittenRequest(requests.PreparedRequest):
    """A request with the bytes that an adapter sends for it, for one that is sent again and again."""

    def __init__(self, request: requests.PreparedRequest, written: bytes) -> None:
        super().__init__()
        self.method, self.url, self.headers, self.body = (
            request.method,
            request.url,
            request.headers,
            request.body,
        )
        self.written = written


class Adapter(BaseAdapter):
    """Sends requests to the server of ``base_url``, through ``proxy`` if there is one. Safe to use from many threads.

    What ``requests`` lets a caller say of each request is settled here for all: ``tls`` verifies the server.
    """

    max_retries: Final = Retry(0, read=False)
    """As the adapter of ``requests`` has it: no status is asked for again."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        tls: ssl.SSLContext,
        proxy: Proxy | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        super().__init__()
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        self._clock = clock
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._route = Route(
            parts.scheme, host, parts.port or DEFAULT_PORTS[parts.scheme], tls, proxy, resolver or Resolver()
        )
        self._is_forwarded = proxy is not None and parts.scheme == "http"
        self._own_headers = {"Host": _host_header(parts)}
        if proxy is not None and self._is_forwarded:
            self._own_headers |= proxy.headers
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._oldest = float("-inf")
        self._is_closed = False

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        """Return the whole reply within ``timeout`` seconds. Raise :class:`~exporter.zapi.errors.PollFailed`."""
        written, budget = self._written(request), Budget(self._clock, timeout, MAX_WIRE)
        try:
            reply = self._ask(lambda connection: connection.exchange(written, budget), budget)
        except WIRE_ERRORS as error:
            raise PollFailed(failure_of(error, "server")) from None
        if reply.status == 407 and self._is_forwarded:
            raise PollFailed(failure_of(ProxyRefused(reply.status), "proxy"))
        return self.build_response(request, reply)

    def send_privately(
        self, request: requests.PreparedRequest, timeout: float, read: Callable[[int, memoryview], T]
    ) -> T:
        """Return what ``read`` makes of the status and body of the reply, of which no byte is kept."""
        written, budget = self._written(request), Budget(self._clock, timeout, MAX_WIRE)
        with failing("server"):
            return self._ask(
                lambda connection: connection.exchange_privately(written, budget, read), budget
            ).value

    def build_response(self, request: requests.PreparedRequest, received: Received) -> Response:
        """Return the response to a request."""
        return Response(request, received)

    def renew(self) -> None:
        """Make new connections from now on; requests in flight end on theirs."""
        with self._lock:
            self._oldest = self._clock.monotonic()
        self._close_idle()

    def close(self) -> None:
        """Close idle connections now, and the others when their requests end."""
        self._is_closed = True
        self._close_idle()

    def write(self, request: requests.PreparedRequest) -> WrittenRequest:
        """Return the request ready to be sent by this adapter any number of times."""
        return WrittenRequest(request, self._written(request))

    def _written(self, request: requests.PreparedRequest) -> bytes:
        if isinstance(request, WrittenRequest):
            return request.written
        assert request.method is not None
        assert request.url is not None
        target = request.url if self._is_forwarded else request.url[len(self._origin) :]
        head = write_head(request.method, target, {**self._own_headers, **request.headers})
        return head + request.body if isinstance(request.body, bytes) else head

    def _ask(self, exchange: Callable[[Connection], R], budget: Budget) -> R:
        """Use a kept-alive connection if there is one, and a new one where that was lost before it answered."""
        kept = self._take()
        if kept is not None:
            try:
                return self._use(kept, exchange, budget)
            except OSError:
                if kept.was_heard:
                    raise
        made_at = self._clock.monotonic()
        return self._use(Connection(self._route.connect(budget), made_at), exchange, budget)

    def _use(self, connection: Connection, exchange: Callable[[Connection], R], budget: Budget) -> R:
        try:
            reply = exchange(connection)
        except BaseException:
            connection.stream.close()
            raise
        if reply.reusable:
            self._keep(connection, budget)
        else:
            connection.stream.close()
        return reply

    def _take(self) -> Connection | None:
        """Return the idle connection that was used last, if any of them can be used."""
        while self._idle:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                break
            if self._is_current(connection) and connection.stream.is_quiet():
                return connection
            connection.stream.close()
        return None

    def _keep(self, connection: Connection, budget: Budget) -> None:
        if not connection.was_kept:
            connection.was_kept = True
            connection.stream.limit_unacknowledged(budget.timeout * _UNACKNOWLEDGED)
        with self._lock:
            self._idle.append(connection)
            outlived = [] if self._is_current(self._idle[0]) else [self._idle.pop(0)]
        for old in outlived:
            old.stream.close()
        if self._is_closed:
            self._close_idle()

    def _is_current(self, connection: Connection) -> bool:
        made_at = connection.made_at
        return made_at >= self._oldest and self._clock.monotonic() - made_at < CONNECTION_LIFETIME

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.stream.close()


def _host_header(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return host.removesuffix(f":{DEFAULT_PORTS[parts.scheme]}")
