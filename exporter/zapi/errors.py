"""Exceptions of a request → the reason and the phrase of a :class:`Failure`.

The text of a library's exception may contain the URL and thus the token: only the type of the exception is used.
"""

import errno
import socket
import ssl
from typing import Final

from exporter.model.poll_result import Failure, Reason

BODY_TOO_LARGE: Final = Failure(Reason.TOO_LARGE, "the reply is larger than 1 MiB")
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
            Reason.CONNECT, "the proxy refused the user and password of its URL, or lacks them (HTTP 407)"
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
