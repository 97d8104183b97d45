"""The steps of a reply that a fault plays on the connection: bytes, pauses, and how the exchange ends."""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for this many seconds, then go on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AnswerNext:
    """The reply is complete; every later request of the connection, whosever it is, gets these bytes."""

    reply: bytes


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


Step = bytes | Pause | AnswerNext | Ending
"""One step of a reply. Steps after an ``AnswerNext`` or an ``Ending`` are not played.

Steps that run out mean that the reply is complete and the connection is kept.
"""
