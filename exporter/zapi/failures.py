"""What went wrong → a failure, with its reason and the exporter's own phrase.

Z-API uses one status for several failures, and status 200 for some, so a known text in ``error`` has precedence. The
texts end with or without a full stop; case and spacing are ignored. The text of a library's exception may contain the
URL and thus the token: only its type is used.
"""

import contextlib
import errno
import re
import socket
import ssl
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import timezone
from email.utils import parsedate_to_datetime
from ipaddress import ip_interface
from typing import Final

from exporter.model.poll_result import Failure, Reason, Session
from exporter.zapi.json_values import Bytes, decode_json

_REDIRECTS: Final = frozenset({300, 301, 302, 303, 307, 308})
_CLIENT_TOKEN: Final = re.compile(r"(?<![\w-])client ?[-_ ] ?token(?![\w-])|^(null|undefined) not allowed$")
"""``null`` and ``undefined`` are what Z-API puts in place of a Client-Token that was not sent."""
_SESSIONS: Final[Mapping[str, Session]] = {
    "you are already connected": Session.CONNECTED,
    "you need to restore the session": Session.RESTORABLE,
    "you are not connected": Session.DISCONNECTED,
}

BODY_TOO_LARGE: Final = Failure(Reason.TOO_LARGE, "the reply is larger than 1 MiB")
HEAD_TOO_LARGE: Final = Failure(Reason.TOO_LARGE, "the headers of the reply are too large")
INVALID_REPLY: Final = Failure(Reason.INVALID_RESPONSE, "the reply is not valid HTTP")
UNKNOWN_ENCODING: Final = Failure(
    Reason.INVALID_RESPONSE, "the reply came in an encoding that was not asked for; only gzip was"
)
CORRUPT_BODY: Final = Failure(Reason.INVALID_RESPONSE, "the reply is not valid gzip, or was cut short")
INVALID_PROXY_REPLY: Final = Failure(
    Reason.CONNECT, "the proxy did not make the connection: its reply is not valid HTTP"
)

_CLOSED_TLS: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_LOST: Final = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError, *_CLOSED_TLS)
"""Exceptions raised when the peer has closed or reset the connection; which of them is raised depends on timing."""

CERTIFICATE_PROBLEMS: Final = {
    9: "is not valid yet; check the clock of this machine",
    10: "has expired",
    **dict.fromkeys((18, 19, 20, 21), "is signed by an unknown authority; see api.ca_file"),
    **dict.fromkeys((62, 64), "is for another host"),
}
"""What is wrong with a certificate, by OpenSSL's X509_V_ERR_…, whose numbers are part of its interface:
CERT_NOT_YET_VALID, CERT_HAS_EXPIRED, the four of an unknown issuer, HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH."""


def refusal(status: int, body: Bytes, retry_after: str | None, now: float) -> Failure:
    """Return the failure that a response means whose status is not 2xx.

    ``retry_after`` is its ``Retry-After`` header; ``now`` is unix time, for a header with a date.
    """
    try:
        reply, is_json = decode_json(body), True
    except ValueError:
        reply, is_json = None, False
    failure = known_failure(reply) or _failure_of_status(status, is_json=is_json)
    return replace(failure, retry_after=retry_after_seconds(retry_after, now))


def refusal_of_collector(status: int, body: Bytes, retry_after: str | None, now: float) -> Failure:
    """Return the same for an endpoint that Z-API does not offer for every instance."""
    if status in (404, 405):
        return Failure(Reason.NOT_FOUND, f"Z-API does not offer this for the instance (HTTP {status})")
    return refusal(status, body, retry_after, now)


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


class PollFailed(Exception):
    """A request got no reply that can be used; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class NoThreadLeft(OSError):
    """The machine cannot start another thread, so the name cannot be looked up."""


def proxy_refusal(status: int) -> Failure:
    """Return the failure for the answer of a proxy that did not make the connection."""
    if status == 407:
        return Failure(
            Reason.CONNECT,
            "the proxy refused the user and password of its URL, or the URL has none (HTTP 407)",
        )
    return Failure(Reason.CONNECT, f"the proxy did not make the connection (HTTP {status})")


def connection_failure(error: OSError, *, at_server: bool) -> Failure:
    """Return the failure for an error of a connection to the server or, if ``at_server`` is false, to the proxy."""
    if isinstance(error, TimeoutError):
        return Failure(Reason.TIMEOUT, "no whole reply within api.timeout")
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = CERTIFICATE_PROBLEMS.get(error.verify_code, "is not valid")
        return Failure(Reason.TLS, f"the {'server' if at_server else 'proxy'}'s certificate {problem}")
    if isinstance(error, ssl.SSLError) and not isinstance(error, _LOST):
        return Failure(Reason.TLS, "no TLS connection could be agreed on; is the port right?")
    return Failure(Reason.CONNECT, _connection_problem(error, at_server=at_server))


def _connection_problem(error: OSError, *, at_server: bool) -> str:
    if isinstance(error, NoThreadLeft):
        return "this machine has no thread left to look a name up on; raise its limit"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "this machine has no file descriptor left; raise its limit"
    if isinstance(error, socket.gaierror):
        return f"the host name of {'api.base_url' if at_server else 'the proxy'} cannot be resolved"
    if isinstance(error, ConnectionRefusedError):
        return f"the connection{'' if at_server else ' to the proxy'} was refused"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"there is no route to the {'host' if at_server else 'proxy'}"
    if not at_server:
        is_lost = isinstance(error, _LOST)
        return f"the proxy {'closed the connection before it was made' if is_lost else 'did not make the connection'}"
    if isinstance(error, _LOST):
        return "the connection was closed before the reply was whole"
    return "the connection could not be made"
