"""An HTTP answer → a reading, or the failure that its status or its text in ``error`` means. Pure.

Z-API uses one status for several failures, and status 200 for some, so a known text has precedence. The texts end with
or without a full stop; case and spacing are ignored.
"""

import contextlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timezone
from email.utils import parsedate_to_datetime
from ipaddress import ip_interface
from typing import Final, TypeVar

from exporter.model.poll_result import Failure, Reason, Session
from exporter.zapi.json_body import Bytes, decode_json

T = TypeVar("T")

_REDIRECTS: Final = frozenset({300, 301, 302, 303, 307, 308})
_CLIENT_TOKEN: Final = re.compile(r"(?<![\w-])client ?[-_ ] ?token(?![\w-])|^(null|undefined) not allowed$")
"""``null`` and ``undefined`` are what Z-API puts in place of a Client-Token that was not sent."""
_SESSIONS: Final[Mapping[str, Session]] = {
    "you are already connected": Session.CONNECTED,
    "you need to restore the session": Session.RESTORABLE,
    "you are not connected": Session.DISCONNECTED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer. ``body`` is decoded, and empty where only the status could be read."""

    status: int
    body: Bytes
    retry_after: str | None = None


def read_answer(answer: Answer, now: float, read_body: Callable[[Bytes], T]) -> T | Failure:
    """Return what ``read_body`` returns for the body of a successful answer, or the failure that another answer
    means.

    ``now`` is unix time, for a ``Retry-After`` that is a date.
    """
    if 200 <= answer.status < 300:
        return read_body(answer.body)
    try:
        reply, is_json = decode_json(answer.body), True
    except ValueError:
        reply, is_json = None, False
    failure = known_failure(reply) or _failure_of_status(answer.status, is_json=is_json)
    return replace(failure, retry_after=retry_after_seconds(answer.retry_after, now))


def read_offered(answer: Answer, now: float, read_body: Callable[[Bytes], T]) -> T | Failure:
    """Read an answer like :func:`read_answer`, for an endpoint that Z-API does not offer for every instance."""
    if answer.status in (404, 405):
        return Failure(Reason.NOT_FOUND, f"Z-API does not offer this for the instance (HTTP {answer.status})")
    return read_answer(answer, now, read_body)


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Return the seconds to wait by a ``Retry-After`` header, at least 0; ``None`` if it is absent or malformed."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp() - now)


def known_failure(reply: object) -> Failure | None:
    """Return the failure that the text of ``error`` in a decoded reply means; ``None`` if the text is unknown."""
    error = reply.get("error") if isinstance(reply, Mapping) else None
    if not isinstance(error, str):
        return None
    said = _normalized(error)
    if "instance not found" in said:
        return Failure(Reason.NOT_FOUND, "Z-API knows no instance with this id and token")
    if "subscribe to this instance" in said:
        return Failure(Reason.SUBSCRIPTION_ENDED, "Z-API says that the instance must be subscribed to again")
    if _CLIENT_TOKEN.search(said):
        if "not configured" in said:
            return Failure(Reason.UNAUTHORIZED, "the account requires a Client-Token and none was sent")
        return Failure(Reason.UNAUTHORIZED, "Z-API refused the Client-Token")
    if said.endswith(" not allowed") and any(_is_address(word) for word in re.split(r"[ ,;]", said)):
        return Failure(
            Reason.IP_NOT_ALLOWED, "the account at Z-API does not allow the address of this exporter"
        )
    return None


def invalid_reply(detail: str) -> Failure:
    """Return the failure of a reply that cannot be read; ``detail`` is the exporter's own phrase."""
    return Failure(Reason.INVALID_RESPONSE, detail)


def session_of(error: object) -> Session | None:
    """Return the session state that ``error`` names, as in a ``/status`` reply; ``None`` if it may mean a failure."""
    return _SESSIONS.get(_normalized(error)) if isinstance(error, str) else None


def is_empty(error: object) -> bool:
    """Return whether ``error`` says nothing."""
    return error is None or error is False or (isinstance(error, str) and not error.strip())


def _failure_of_status(status: int, *, is_json: bool) -> Failure:
    """Return the failure that a status means.

    ``is_json`` distinguishes Z-API from a firewall or a content delivery network in front of it.
    """
    if status == 429:
        return Failure(Reason.RATE_LIMITED, f"Z-API limits the rate of requests (HTTP {status})")
    if status in _REDIRECTS:
        return Failure(Reason.REDIRECTED, f"Z-API answered with a redirect (HTTP {status}), never followed")
    if 500 <= status < 600:
        return Failure(Reason.SERVER_ERROR, f"Z-API failed to answer (HTTP {status})")
    if status == 401 and is_json:
        return Failure(Reason.UNAUTHORIZED, f"Z-API refused the credentials (HTTP {status})")
    if status in (401, 403):
        return Failure(Reason.FORBIDDEN, f"a server in front of Z-API refused the request (HTTP {status})")
    if status == 404 and is_json:
        return Failure(Reason.NOT_FOUND, f"Z-API knows no instance with this id and token (HTTP {status})")
    if status == 404:
        return Failure(Reason.BAD_STATUS, f"no Z-API is found at api.base_url (HTTP {status})")
    if 400 <= status < 500:
        return Failure(Reason.BAD_STATUS, f"Z-API refused the request (HTTP {status})")
    return Failure(Reason.BAD_STATUS, f"Z-API answered HTTP {status}, which says nothing of an instance")


def _is_address(word: str) -> bool:
    word = word.strip("'\"`<>().")
    for candidate in (word, word.rpartition(":")[0]):  # the other one had a port
        with contextlib.suppress(ValueError):
            return bool(ip_interface(candidate.strip("[]")))
    return False


def _normalized(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(" .!")
