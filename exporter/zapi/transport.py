"""``requests``' transport: one server, over kept-alive connections of our own.

The adapters of ``requests`` and urllib3 bound neither the time nor the size of a whole reply, and take most of a poll's
CPU. A transport adapter is the public place to do better.
"""

import contextlib
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import BaseHTTPResponse, Retry

from exporter.model.clock import Clock
from exporter.zapi.body import MAX_BODY, decode_body
from exporter.zapi.budget import Budget
from exporter.zapi.connection import Route
from exporter.zapi.errors import PollFailed, connection_failure, proxy_refusal
from exporter.zapi.head import write_head
from exporter.zapi.proxy import DEFAULT_PORTS, Proxy
from exporter.zapi.reply import ReplyReader, content_coding
from exporter.zapi.resolver import Resolver
from exporter.zapi.stream import Stream

MAX_WIRE: Final = 2 * MAX_BODY
"""Most bytes received for one request: the body with its framing, headers, interim replies and TLS."""

CONNECTION_LIFETIME: Final = 300.0
"""Longest use of a connection, in seconds: a changed address of the API is followed after that."""

_UNACKNOWLEDGED: Final = 0.25
"""Part of a request's time for which a kept-alive connection may leave what was sent unacknowledged.

A path that forgot the connection acknowledges nothing; the system of a server that is only slow does at once. What
remains of the time is enough for the same request over a new connection.
"""


_OF_THE_CONNECTION: Final = frozenset({408, 421})
"""Statuses that may be due to a kept-alive connection: it was idle for too long, or leads to another host."""


class Request(requests.PreparedRequest):
    """A request that is written once, by the adapter that it is sent with, and may be sent any number of times."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> None:
        super().__init__()
        self.method, self.url, self.body = method, url, body
        self.headers = headers  # type: ignore[assignment]
        self.written: bytes | None = None


class Response(requests.Response):
    """A response that was received whole. It has no cookie jar, which takes longer to make than all the rest.

    ``body`` is decoded. To close the response erases it, and gives its connection back to ``release`` with whether it
    ``is_trusted`` to serve other requests.
    """

    def __init__(
        self,
        request: requests.PreparedRequest,
        status: int,
        headers: Mapping[str, str],
        body: bytearray,
        release: Callable[[bool], None] | None = None,
    ) -> None:
        self.request = request
        self.status_code = status
        self.headers = headers  # type: ignore[assignment]
        self.encoding = None
        self.body = body
        self.is_trusted = True
        self._release = release

    @property
    def content(self) -> bytes:
        """A copy of the body."""
        return bytes(self.body)

    def close(self) -> None:
        """Erase the body and release the connection."""
        self.body[:] = bytes(len(self.body))
        release, self._release = self._release, None
        if release is not None:
            release(self.is_trusted)


@dataclass(slots=True, eq=False)
class _Connection:
    """An open stream to the API, ``made_at`` in monotonic seconds."""

    stream: Stream
    made_at: float
    was_kept: bool = False


class _Unanswered(Exception):
    """A kept-alive connection was lost before a byte of the reply, or the reply concerns the connection alone."""


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
        self._idle: list[_Connection] = []
        self._oldest = float("-inf")

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
        budget = Budget(self._clock, timeout, MAX_WIRE)
        kept = self._take()
        try:
            if kept is not None:
                try:
                    return self._exchange(kept, request, budget)
                except _Unanswered:
                    pass
            made_at = self._clock.monotonic()
            return self._exchange(_Connection(self._route.connect(budget), made_at), request, budget)
        except OSError as error:
            raise PollFailed(connection_failure(error, "server")) from None

    def build_response(self, request: requests.PreparedRequest, received: BaseHTTPResponse) -> Response:
        """Return a response of urllib3 as one of ours, as the library ``responses`` asks for."""
        return Response(request, received.status, received.headers, bytearray(received.data))

    def renew(self) -> None:
        """Make new connections from now on; requests in flight end on theirs."""
        self._retire(self._clock.monotonic())

    def close(self) -> None:
        """Close idle connections now, and the others when their requests end."""
        self._retire(float("inf"))

    def _written(self, request: requests.PreparedRequest) -> bytes:
        if isinstance(request, Request) and request.written is not None:
            return request.written
        assert request.method is not None
        assert request.url is not None
        target = request.url if self._is_forwarded else request.url[len(self._origin) :]
        written = write_head(request.method, target, {**self._own_headers, **request.headers})
        if isinstance(request.body, bytes):
            written += request.body
        if isinstance(request, Request):
            request.written = written
        return written

    def _exchange(
        self, connection: _Connection, request: requests.PreparedRequest, budget: Budget
    ) -> Response:
        """Return the reply to the request; one that is no success and whose body is bad, without its body."""
        reader, is_reusable = ReplyReader(connection.stream, budget), False
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.stream.send(self._written(request), budget)  # it may be answered before it is read
            try:
                reader.read()
                body = decode_body(content_coding(reader.headers), reader.body)
                is_reusable = reader.is_reusable
            except (OSError, PollFailed):
                if not reader.status or 200 <= reader.status < 300:
                    raise
                body = bytearray()
            if connection.was_kept and reader.status in _OF_THE_CONNECTION:
                raise _Unanswered
            if reader.status == 407 and self._is_forwarded:
                raise PollFailed(proxy_refusal(reader.status))
        except (OSError, PollFailed, _Unanswered) as error:
            connection.stream.close()
            if isinstance(error, OSError) and connection.was_kept and not reader.was_heard:
                raise _Unanswered from error
            raise
        finally:
            reader.erase()

        def release(is_trusted: bool) -> None:
            if is_reusable and is_trusted:
                self._keep(connection, budget)
            else:
                connection.stream.close()

        return Response(request, reader.status, reader.headers, body, release)

    def _take(self) -> _Connection | None:
        """Return the idle connection that was used last, if any of them can be used."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if self._is_current(connection) and connection.stream.is_quiet():
                return connection
            connection.stream.close()

    def _keep(self, connection: _Connection, budget: Budget) -> None:
        if not connection.was_kept:
            connection.was_kept = True
            connection.stream.limit_unacknowledged(budget.timeout * _UNACKNOWLEDGED)
        with self._lock:
            self._idle.append(connection)
            outlived = [] if self._is_current(self._idle[0]) else [self._idle.pop(0)]
        for old in outlived:
            old.stream.close()

    def _is_current(self, connection: _Connection) -> bool:
        made_at = connection.made_at
        return made_at >= self._oldest and self._clock.monotonic() - made_at < CONNECTION_LIFETIME

    def _retire(self, made_before: float) -> None:
        with self._lock:
            self._oldest = made_before
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.stream.close()


def _host_header(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return host.removesuffix(f":{DEFAULT_PORTS[parts.scheme]}")
