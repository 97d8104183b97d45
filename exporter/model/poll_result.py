"""What a poll of ``/me`` and the optional collectors of an instance can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from exporter.model.secret import Secret


class Reason(str, Enum):
    """Why a poll failed: a closed set, the values of every ``reason`` label."""

    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    REDIRECTED = "redirected"
    SERVER_ERROR = "server_error"
    BAD_STATUS = "bad_status"
    TOO_LARGE = "too_large"
    INVALID_RESPONSE = "invalid_response"
    WRONG_INSTANCE = "wrong_instance"
    SUBSCRIPTION_ENDED = "subscription_ended"
    IP_NOT_ALLOWED = "ip_not_allowed"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Failure:
    """A poll that learned nothing of the instance.

    ``detail`` is a short phrase in our own words, never text of the server or of a library, so it can be
    logged and shown. ``retry_after`` is the wait in seconds the server asked for, if it did.
    """

    reason: Reason
    detail: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What ``/me`` said of an instance; ``None`` stands for a value that was absent or could not be read.

    ``due`` and ``created`` are unix seconds. ``payment_status`` is lower-case, and empty where the field was
    missing or empty. ``webhooks`` holds the URL of each webhook, ``None`` for one that is not set; a webhook
    whose field could not be read is not in it, and it is empty where the reply said nothing of webhooks.
    ``muted`` are the webhooks that Z-API does not call although they may have a URL. ``unreadable`` names the
    optional fields that came, wholly or in part, in no form we can read.
    """

    connected: bool
    webhooks: Mapping[str, Secret | None]
    settings: Mapping[str, bool]
    display_name: str | None = None
    due: float | None = None
    created: float | None = None
    payment_status: str | None = None
    muted: frozenset[str] | None = None
    unreadable: frozenset[str] = frozenset()


Reading = Status | Failure


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
