"""``requests``' transport: one server, over kept-alive connections of our own.

The adapter of ``requests`` and urllib3 bound neither the time nor the size of a whole reply, and take most of a poll's
CPU. A transport adapter is the public place to do better.
"""

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import requests
from requests import PreparedRequest
from requests.adapters import HTTPAdapter

from exporter.model.clock import Clock
from exporter.zapi.connection import Route, write_head
from exporter.zapi.failures import PollFailed, connection_failure, proxy_refusal
from exporter.zapi.reply import MAX_BODY, ReplyReader
from exporter.zapi.stream import Budget, Stream

MAX_WIRE: Final = 2 * MAX_BODY
"""Most bytes received for one request: the body with its framing, headers, interim replies and TLS."""

CONNECTION_LIFETIME: Final = 300.0
"""Longest use of a connection, in seconds: a changed address of the API is followed after that."""

_UNACKNOWLEDGED: Final = 0.25
"""Share of a request's timeout for which data sent over a kept-alive connection may stay unacknowledged.

A path that forgot the connection acknowledges nothing; the operating system of a slow server acknowledges at once.
The remaining time is enough for the same request over a new connection.
"""

_OF_THE_CONNECTION: Final = frozenset({408, 421})
"""Statuses that may be due to a kept-alive connection: it was idle for too long, or leads to another host."""


class Request(PreparedRequest):
    """A request to the server of a ``route``, ``written`` once and sent any number of times."""

    def __init__(
        self, route: Route, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> None:
        super().__init__()
        self.method, self.url, self.body = method, url, body
        self.headers = headers  # type: ignore[assignment]
        target = url if route.is_forwarded else self.path_url
        self.written = write_head(method, target, {**route.headers, **headers}) + body


class Response(requests.Response):
    """A response that was received whole. It has no cookie jar, which takes longer to make than all the rest.

    Closing it erases its body, and calls ``release`` if its connection ``is_reusable`` for other requests.
    """

    def __init__(self, reader: ReplyReader, body: bytearray, release: Callable[[], None]) -> None:
        self.status_code, self.is_reusable = reader.status, reader.is_reusable
        self.headers = reader.headers  # type: ignore[assignment]
        self._body, self._release = body, release

    @property
    def content(self) -> Any:
        """The decoded body, and no copy of it."""
        return self._body

    def close(self) -> None:
        """Erase the body and release the connection."""
        self._body[:] = bytes(len(self._body))
        if self.is_reusable:
            self._release()
        self.is_reusable = False


@dataclass(slots=True, eq=False)
class _Connection:
    """An open stream to the API, which ``expires`` in monotonic seconds. It is closed when nothing refers to it."""

    stream: Stream
    expires: float
    was_kept: bool = False


class _Unanswered(Exception):
    """A kept-alive connection was lost before a byte of the reply, or the reply concerns the connection alone."""


class Adapter(HTTPAdapter):
    """Sends requests to one server by its ``route``. Safe to use from many threads.

    The route sets for all requests what ``requests`` lets a caller set for each. ``HTTPAdapter`` is the base class only
    for the test library ``responses``.
    """

    def __init__(self, route: Route, clock: Clock) -> None:
        super().__init__()
        self._route, self._clock = route, clock
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []

    def send(
        self, request: PreparedRequest, stream: bool = False, timeout: Any = None, *others: Any, **named: Any
    ) -> Response:
        """Return the whole reply within ``timeout`` seconds. Raise :class:`~exporter.zapi.failures.PollFailed`."""
        assert isinstance(request, Request)
        budget, idle = Budget(self._clock, timeout, MAX_WIRE), self._idle
        kept = self._take(idle)
        if kept is not None:
            kept.stream.limit_unacknowledged(timeout * _UNACKNOWLEDGED)
            with contextlib.suppress(_Unanswered):
                return self._exchange(kept, request, budget, idle)
            kept = None  # closed before another one is made
        expires = self._clock.monotonic() + CONNECTION_LIFETIME
        return self._exchange(_Connection(self._route.connect(budget), expires), request, budget, idle)

    def close(self) -> None:
        """Close the idle connections now and the others when their requests end. Later requests make new ones."""
        self._idle = []

    def _exchange(
        self, connection: _Connection, request: Request, budget: Budget, idle: list[_Connection]
    ) -> Response:
        """Return the reply; closing it puts a reusable connection among the ``idle`` ones."""
        reader = ReplyReader(connection.stream, budget)
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.stream.send(request.written, budget)  # it may be answered before it is read
            body = reader.read()
        except OSError as error:
            if connection.was_kept and not reader.received:
                raise _Unanswered from None
            raise PollFailed(connection_failure(error, at_server=True)) from None
        finally:
            reader.erase()
        if connection.was_kept and reader.status in _OF_THE_CONNECTION:
            raise _Unanswered
        if reader.status == 407 and self._route.is_forwarded:
            raise PollFailed(proxy_refusal(407))
        return Response(reader, body, partial(idle.append, connection))

    def _take(self, idle: list[_Connection]) -> _Connection | None:
        """Return the connection that was used last, if any of them can be used."""
        now = self._clock.monotonic()
        with self._lock:
            if idle and idle[0].expires <= now:
                del idle[0]  # the list is used from its end, so the oldest connections might never be reached
            while idle:
                connection = idle.pop()
                connection.was_kept = True
                if now < connection.expires and connection.stream.is_quiet():
                    return connection
        return None
