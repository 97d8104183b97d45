"""What went wrong on the way → the reason and words of a :class:`Failure`.

Texts of libraries may hold the URL, and so the token: only the types of what was raised are looked at.
"""

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.body import BodyTooLarge, CorruptBody, InvalidReply, UnrequestedEncoding
from exporter.zapi.budget import DeadlineExceeded, TooManyBytes
from exporter.zapi.reply import HeadTooLarge
from exporter.zapi.resolver import NoThreadLeft

Peer = Literal["server", "proxy"]
"""Who is at the other end of what failed."""

_LOST: Final = (
    ConnectionResetError,
    BrokenPipeError,
    ConnectionAbortedError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)
"""What a connection looks like that the peer closed or reset: which of them is up to chance."""
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})
_UNROUTABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_CERTIFICATE_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_HOST_MISMATCH: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
_UNKNOWN_ISSUER: Final = frozenset({18, 19, 20, 21})  # self-signed, unknown root or issuer, unverifiable leaf


class ProxyRefused(Exception):
    """The proxy did not make the connection and answered with ``status`` instead."""

    def __init__(self, status: int) -> None:
        super().__init__("no connection through the proxy")
        self.status = status


class PollFailed(Exception):
    """A request got no reply; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


_REPLY_ERRORS: Final = (BodyTooLarge, CorruptBody, UnrequestedEncoding, HeadTooLarge, InvalidReply)
WIRE_ERRORS: Final = (OSError, DeadlineExceeded, TooManyBytes, *_REPLY_ERRORS)
"""All that an exchange may raise."""


@contextmanager
def failing(peer: Peer) -> Iterator[None]:
    """Raise :class:`PollFailed` for what is raised while the exporter deals with ``peer``."""
    try:
        yield
    except (*WIRE_ERRORS, ProxyRefused) as error:
        raise PollFailed(failure_of(error, peer)) from None


def failure_of(error: Exception, peer: Peer) -> Failure:
    """Return the failure that ``error`` stands for."""
    if isinstance(error, (DeadlineExceeded, TimeoutError)):
        return Failure(Reason.TIMEOUT, "no whole reply within api.timeout")
    if isinstance(error, ProxyRefused) or (peer == "proxy" and not isinstance(error, OSError)):
        return Failure(Reason.CONNECT, _proxy_problem(error))
    if isinstance(error, OSError):
        return _connection_failure(error, peer)
    return _reply_failure(error)


def _proxy_problem(error: Exception) -> str:
    if not isinstance(error, ProxyRefused):
        return "the proxy did not make the connection: its reply is not valid HTTP"
    if error.status == 407:
        return "the proxy refused the user and password of its URL, or lacks them (HTTP 407)"
    return f"the proxy did not make the connection (HTTP {error.status})"


def _reply_failure(error: Exception) -> Failure:
    if isinstance(error, (BodyTooLarge, TooManyBytes)):
        return Failure(Reason.TOO_LARGE, "the reply is larger than 1 MiB")
    if isinstance(error, HeadTooLarge):
        return Failure(Reason.TOO_LARGE, "the headers of the reply are too large")
    if isinstance(error, UnrequestedEncoding):
        return Failure(
            Reason.INVALID_RESPONSE,
            "the reply came in an encoding that was not asked for; only gzip was",
        )
    if isinstance(error, CorruptBody):
        return Failure(Reason.INVALID_RESPONSE, "the reply is not valid gzip, or was cut short")
    return Failure(Reason.INVALID_RESPONSE, "the reply is not valid HTTP")


def _connection_failure(error: OSError, peer: Peer) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(Reason.TLS, _certificate_problem(error.verify_code, peer))
    if isinstance(error, ssl.SSLError) and not isinstance(error, _LOST):
        return Failure(Reason.TLS, "no TLS connection could be agreed on; is the port right?")
    return Failure(Reason.CONNECT, _connection_problem(error, peer))


def _certificate_problem(code: int, peer: Peer) -> str:
    if code == _CERTIFICATE_EXPIRED:
        return f"the {peer}'s certificate has expired"
    if code in _HOST_MISMATCH:
        return f"the {peer}'s certificate is for another host"
    if code in _UNKNOWN_ISSUER:
        return f"the {peer}'s certificate is signed by an unknown authority; see api.ca_file"
    return f"the {peer}'s certificate is not valid"


def _connection_problem(error: OSError, peer: Peer) -> str:
    at_server = peer == "server"
    if isinstance(error, NoThreadLeft):
        return "this machine has no thread left to look a name up on; raise its limit"
    if error.errno in _NO_DESCRIPTORS:
        return "this machine has no file descriptor left; raise its limit"
    if isinstance(error, socket.gaierror):
        return f"the host name of {'api.base_url' if at_server else 'the proxy'} cannot be resolved"
    if isinstance(error, ConnectionRefusedError):
        return f"the connection{'' if at_server else ' to the proxy'} was refused"
    if isinstance(error, _LOST):
        return (
            "the connection was closed before the reply was whole"
            if at_server
            else "the proxy closed the connection before it was made"
        )
    if error.errno in _UNROUTABLE:
        return f"there is no route to the {'host' if at_server else 'proxy'}"
    return "the connection could not be made" if at_server else "the proxy did not make the connection"
