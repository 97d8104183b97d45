"""A fault: one way in which an exchange with the simulated Z-API goes wrong, and the faulty replies of the demo."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

_STATUSES: Final = frozenset(HTTPStatus)

TOO_MANY: Final = b'{"error":"Too Many Requests"}'
HTML: Final = b"<!doctype html><html><head><title>%d</title></head><body><h1>%d</h1>cloudfront</body></html>"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a fault may know of the request it spoils.

    ``path`` is the request target as it was sent, ``client_token`` the header's text (empty if there was
    none), ``body`` the healthy answer, ``now`` unix seconds.
    """

    path: str
    client_token: str
    body: bytes
    now: float


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of answering wrongly. ``name`` is unique.

    ``play`` yields the steps of the reply: bytes to send, and other values that only the server of the test suite
    understands.
    """

    name: str
    play: Callable[[Exchange], Iterator[object]]


def message(
    status: int,
    body: bytes,
    *,
    content_type: str = "application/json",
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return a whole, well-formed HTTP reply."""
    phrase = HTTPStatus(status).phrase if status in _STATUSES else ""
    lines = [f"HTTP/1.1 {status} {phrase}", f"Content-Type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def one_reply(name: str, reply: Callable[[Exchange], bytes]) -> Fault:
    """Make the fault that always sends one whole reply, made from the exchange."""
    return Fault(name, lambda exchange: iter((reply(exchange),)))


def answer(
    name: str,
    status: int,
    body: bytes,
    *,
    content_type: str = "application/json",
    headers: tuple[tuple[str, str], ...] = (),
) -> Fault:
    """Make the fault that always sends this reply."""
    return one_reply(name, lambda _: message(status, body, content_type=content_type, headers=headers))


def html_error(status: int) -> Fault:
    """Make the fault in which a content delivery network answers in place of the API."""
    return answer(f"{status} html", status, HTML % (status, status), content_type="text/html")


def rate_limited(retry_after: str | None, name: str | None = None) -> Fault:
    """Make the fault that answers 429; ``retry_after`` is the header's text, ``None`` for no header."""
    if retry_after is None:
        return answer(name or "429", 429, TOO_MANY)
    return answer(
        name or f"429 retry-after {retry_after}", 429, TOO_MANY, headers=(("Retry-After", retry_after),)
    )
