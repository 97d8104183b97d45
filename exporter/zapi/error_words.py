"""Error texts of Z-API → the failure or the session state that they mean. Pure.

Z-API uses one status for several failures, and status 200 for some, so a known text in ``error`` has precedence. The
texts end with or without a full stop; case and spacing are ignored.
"""

import contextlib
import re
import unicodedata
from collections.abc import Mapping
from ipaddress import ip_interface
from typing import Final

from exporter.model.poll_result import Failure, Reason, Session

_CLIENT_TOKEN: Final = re.compile(r"(?<![\w-])client ?[-_ ] ?token(?![\w-])")
_NOT_ALLOWED: Final = " not allowed"
_NO_CLIENT_TOKEN: Final = frozenset({"null", "undefined"})
"""What Z-API puts in place of a Client-Token that was not sent."""
_SESSIONS: Final[Mapping[str, Session]] = {
    "you are already connected": Session.CONNECTED,
    "you need to restore the session": Session.RESTORABLE,
    "you are not connected": Session.DISCONNECTED,
}


def known_failure(reply: object) -> Failure | None:
    """Return the failure that the text of ``error`` in a decoded reply tells; ``None`` for words that are not known."""
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
    if said.endswith(_NOT_ALLOWED):
        return _not_allowed(said.removesuffix(_NOT_ALLOWED))
    return None


def invalid_reply(detail: str) -> Failure:
    """Return the failure of a reply that cannot be read; ``detail`` is the exporter's own phrase."""
    return Failure(Reason.INVALID_RESPONSE, detail)


def session_of(error: object) -> Session | None:
    """Return the state that ``error`` tells, as that of ``/status`` does; ``None`` where it may tell of a failure."""
    return _SESSIONS.get(_normalized(error)) if isinstance(error, str) else None


def is_empty(error: object) -> bool:
    """Return whether ``error`` says nothing."""
    return error is None or error is False or (isinstance(error, str) and not error.strip())


def _not_allowed(subject: str) -> Failure | None:
    if subject in _NO_CLIENT_TOKEN:
        return Failure(Reason.UNAUTHORIZED, "Z-API refused the Client-Token")
    if any(_is_address(word) for word in re.split(r"[ ,;]", subject)):
        return Failure(
            Reason.IP_NOT_ALLOWED, "the account at Z-API does not allow the address of this exporter"
        )
    return None


def _is_address(word: str) -> bool:
    word = word.strip("'\"`<>().")
    for candidate in (word, word.rpartition(":")[0]):  # the other one had a port
        with contextlib.suppress(ValueError):
            return bool(ip_interface(candidate.strip("[]")))
    return False


def _normalized(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(" .!")
