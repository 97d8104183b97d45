"""A fault: one way in which an exchange with the simulated Z-API goes wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

_STATUSES: Final = frozenset(HTTPStatus)


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
