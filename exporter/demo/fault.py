"""What a fault is: a way to spoil one exchange, told as steps that the server plays on the connection."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
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
class Pause:
    """Say nothing for this many seconds, then go on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CloseWhenIdle:
    """The reply is complete; close the connection if no other request comes within this many seconds."""

    seconds: float


class Ending(Enum):
    """How an exchange ends where the connection is not simply kept for the next request."""

    CLOSE = auto()
    """Close in an orderly way, once all bytes are sent."""
    RESET = auto()
    """Reset: the peer's next read or write fails."""
    SILENCE = auto()
    """Keep the connection open and never say anything more."""
    CLOSE_ON_NEXT_REQUEST = auto()
    """The reply is complete, but the next request finds the connection closing."""
    RESET_ON_NEXT_REQUEST = auto()
    """The reply is complete, but the next request finds the connection reset."""
    FORGOTTEN = auto()
    """The reply is complete; what the client sends from then on is dropped and not acknowledged. Linux only."""


Step = bytes | Pause | CloseWhenIdle | Ending
Play = Callable[[Exchange], Iterator[Step]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of answering wrongly. ``name`` is unique among :func:`simulator.faults.every_fault`.

    ``play`` yields bytes to send and pauses; what comes after a ``CloseWhenIdle`` or an ``Ending`` is not
    played. Steps that run out mean that the reply is complete and the connection kept.
    """

    name: str
    play: Play


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
