"""The results of the optional collectors of an instance."""

from dataclasses import dataclass
from enum import Enum

from exporter.model.poll_result import Failure


class Collector(str, Enum):
    """Something more to ask of an instance: the names under ``collect`` in the configuration."""

    STATUS = "status"
    QUEUE = "queue"


class Session(str, Enum):
    """The state of an instance's session, as ``/status`` tells it."""

    CONNECTED = "connected"
    RESTORABLE = "restorable"
    """It is restored without the phone at hand."""
    DISCONNECTED = "disconnected"
    """The QR code must be scanned anew."""
    UNKNOWN = "unknown"
    """It is not connected, in words that are not known here."""


@dataclass(frozen=True, slots=True)
class PhoneStatus:
    """What ``/status`` says. ``phone_online`` is ``None`` where it does not say so readably."""

    session: Session
    phone_online: bool | None


@dataclass(frozen=True, slots=True)
class MessageQueue:
    """What ``/queue`` says: how many ``messages`` wait, and since when the oldest does, in unix seconds.

    ``oldest`` is ``None`` where none waits and where its age cannot be read.
    """

    messages: int
    oldest: float | None


Collected = PhoneStatus | MessageQueue | Failure
