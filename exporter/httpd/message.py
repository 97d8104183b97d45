"""Requests and responses: as the routes see them, and between them and h11, which parses and writes HTTP."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.client import responses
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import h11

from exporter.httpd.limits import Limits
from exporter.httpd.security import DEFAULT_HEADERS


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request.

    ``path`` is decoded and has no query. ``query`` holds the first value of each parameter. ``headers`` have
    lower-case names; repeated ones are joined with a comma.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """A response: what it shares with others, which is never copied, and then its own ``body``.

    The server adds ``Content-Length``, ``Date`` and ``Connection``.
    """

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    shared: tuple[bytes, ...] = ()

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The parts of the body, in order."""
        return tuple(filter(None, (*self.shared, self.body)))

    @property
    def size(self) -> int:
        """The bytes of all pieces."""
        return sum(map(len, self.pieces))


def text_response(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return Response(status, text.encode(), headers=headers)


Answer = Response | Callable[[], Awaitable[Response]]
"""A response, or what waits for it on the event loop."""
Handler = Callable[[Request], Answer]
"""Answers a request, on a thread that may block. ``HEAD`` is answered like ``GET``; the server drops the body."""

SERVER_WIDE_OPTIONS: Final = "*"
"""The path of ``OPTIONS *``, which asks about the server and not about a path."""

WITHOUT_CONTENT: Final = frozenset({204, 304})
"""Statuses whose responses have neither a body nor headers about one."""

_WITH_BODY: Final = frozenset({"POST", "PUT"})
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
"""A host and a port, either of which may be empty (RFC 9112, 3.2; RFC 3986, 3.2.2)."""
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_QUERY_FIELDS: Final = 100
_TARGET_TOO_LONG: Final = "The request's target is too long."
_HEADERS_TOO_LARGE: Final = "The request's headers are too large."
_NO_TARGET: Final = "The request's target is neither a path nor an http URL."
_BAD_HOST: Final = "The request's host is not a name or address, with or without a port."


class Refused(Exception):
    """A request that reaches no route, with the response to it. The connection closes after it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.response = Response(status, f"{why}\n".encode())


def malformed(error: h11.RemoteProtocolError, received: bytes) -> Refused:
    """Return the refusal of a request that is not well-formed; ``received`` is what h11 had not read of it."""
    if error.error_status_hint != 431:
        return Refused(error.error_status_hint, "The request is not well-formed HTTP/1.1.")
    return Refused(431, _HEADERS_TOO_LARGE) if b"\n" in received else Refused(414, _TARGET_TOO_LONG)


def check_body(length: int, most: int) -> None:
    """Raise :class:`Refused` if a body has more than ``most`` bytes."""
    if length > most:
        raise Refused(413, "The request's body is too large.")


def read_head(head: h11.Request, limits: Limits) -> Request:
    """Return the request as the routes see it: without credentials. Raise :class:`Refused`."""
    _check_size(head, limits)
    if not head.http_version.startswith(b"1."):
        raise Refused(505, "This server supports HTTP/1.1 only.")
    headers = joined_headers(head)
    if "transfer-encoding" in headers and ("content-length" in headers or head.http_version < b"1.1"):
        raise Refused(400, "The request states the length of its body in two ways.")
    method = head.method.decode("ascii")
    check_body(int(headers.get("content-length", "0")), largest_body(method, limits))
    _check_host(headers.get("host", ""))
    target = head.target.decode("ascii")
    if not target.startswith(("/", "*")):
        headers["host"], target = _split_absolute(target)
    path, query = _read_target(target, method)
    seen = {name: value for name, value in headers.items() if name not in _CREDENTIALS}
    return Request(method, path, query, seen)


def joined_headers(head: h11.Request) -> dict[str, str]:
    """Return the value of each lower-case name; repeated ones are joined with a comma."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def largest_body(method: str, limits: Limits) -> int:
    return limits.body_bytes if method in _WITH_BODY else 0


def write_head(response: Response, operators: Mapping[str, str], now: float, *, close: bool) -> h11.Response:
    """Return the status line and headers; ``operators`` replace the response's own, an empty one removes a header.

    ``now`` is unix seconds. Raise :class:`h11.LocalProtocolError` where the response's headers are malformed.
    """
    about_content = {"Content-Type": response.content_type, "Content-Length": str(response.size)}
    every = (
        *DEFAULT_HEADERS.items(),
        *(() if response.status in WITHOUT_CONTENT else about_content.items()),
        *response.headers,
        *operators.items(),
    )
    last = {name.lower(): (name, value) for name, value in every}
    headers = [(name, value) for name, value in last.values() if value]
    headers.append(("Date", formatdate(now, usegmt=True)))
    if close:
        headers.append(("Connection", "close"))
    return h11.Response(
        status_code=response.status, headers=headers, reason=responses.get(response.status, "")
    )


def _check_size(head: h11.Request, limits: Limits) -> None:
    if len(head.target) > limits.target_bytes:
        raise Refused(414, _TARGET_TOO_LONG)
    if len(head.headers) > limits.header_count:
        raise Refused(431, "The request has too many headers.")
    if sum(len(name) + len(value) for name, value in head.headers) > limits.head_bytes:
        raise Refused(431, _HEADERS_TOO_LARGE)


def _check_host(host: str) -> None:
    if not _HOST.fullmatch(host):
        raise Refused(400, _BAD_HOST)


def _read_target(target: str, method: str) -> tuple[str, Mapping[str, str]]:
    if target == "*" and method == "OPTIONS":
        return SERVER_WIDE_OPTIONS, {}
    if not target.startswith("/"):
        raise Refused(400, _NO_TARGET)
    path, _, query = target.partition("?")
    if _BAD_ESCAPE.search(target):
        raise Refused(400, "The request's target has a percent sign that does not begin an escape sequence.")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_QUERY_FIELDS)
        decoded = unquote_to_bytes(path).decode()
    except ValueError:
        raise Refused(400, "The request's target is not UTF-8, or has too many parameters.") from None
    first = dict(reversed(pairs))
    return decoded, {name: first[name] for name, _ in pairs}


def _split_absolute(target: str) -> tuple[str, str]:
    """Return the authority, which counts more than the ``Host`` header (RFC 9112, 3.2.2), and the rest."""
    try:
        parts = urlsplit(target)
    except ValueError:
        raise Refused(400, _NO_TARGET) from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refused(400, _NO_TARGET)
    _check_host(parts.netloc)
    return parts.netloc, f"{parts.path or '/'}?{parts.query}"
