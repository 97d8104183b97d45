"""What a library raised → the reason and words of a :class:`Failure`.

The text of these exceptions holds the URL, and so the token: only their types are looked at.
"""

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import urllib3.exceptions

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.answer import BodyTooLarge
from exporter.zapi.connection import ProxyFailed
from exporter.zapi.limits import WireLimitExceeded
from exporter.zapi.resolver import NoThreadLeft

_LOST: Final = (
    ConnectionResetError,
    BrokenPipeError,
    ConnectionAbortedError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)
"""What a connection looks like that the peer closed or reset: which of them is up to chance."""

_Unreached = tuple[tuple[type[Exception] | tuple[type[Exception], ...], Failure], ...]
"""What was raised → what it means. The first that fits counts."""
_SERVER_UNREACHED: Final[_Unreached] = (
    (socket.gaierror, Failure(Reason.CONNECT, "the host name of api.base_url cannot be resolved")),
    (ConnectionRefusedError, Failure(Reason.CONNECT, "the connection was refused")),
    (_LOST, Failure(Reason.CONNECT, "the connection was closed before the reply was whole")),
)
_PROXY_UNREACHED: Final[_Unreached] = (
    (socket.gaierror, Failure(Reason.CONNECT, "the host name of the proxy cannot be resolved")),
    (ConnectionRefusedError, Failure(Reason.CONNECT, "the connection to the proxy was refused")),
    (_LOST, Failure(Reason.CONNECT, "the proxy closed the connection before it was made")),
)
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})
_UNROUTABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_CERTIFICATE_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_HOST_MISMATCH: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
_UNKNOWN_ISSUER: Final = frozenset({18, 19, 20, 21})  # self-signed, unknown root or issuer, unverifiable leaf


def failure_of(error: BaseException) -> Failure:
    """The failure that ``error``, with all that led to it, stands for."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ProxyFailed):
            return (
                _timeout(causes) or _tls(causes, "proxy") or _machine(causes) or _proxy(causes, cause.status)
            )
    return (
        _too_large(causes)
        or _timeout(causes)
        or _tls(causes, "server")
        or _machine(causes)
        or _connect(causes)
        or Failure(Reason.INVALID_RESPONSE, "the reply is not valid HTTP")
    )


def connection_was_lost(error: BaseException) -> bool:
    """Whether the peer closed or reset the connection: what a stale one that was kept alive looks like."""
    return any(isinstance(cause, _LOST) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it wraps and what it was raised from, each once."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _too_large(causes: list[BaseException]) -> Failure | None:
    for cause in causes:
        if isinstance(cause, (BodyTooLarge, WireLimitExceeded)):
            return Failure(Reason.TOO_LARGE, "the reply is larger than 1 MiB")
        # The standard library raises its bare HTTPException for too many headers and for nothing else.
        if isinstance(cause, http.client.LineTooLong) or type(cause) is http.client.HTTPException:
            return Failure(Reason.TOO_LARGE, "the headers of the reply are too large")
    return None


def _timeout(causes: list[BaseException]) -> Failure | None:
    if any(isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)) for cause in causes):
        return Failure(Reason.TIMEOUT, "no whole reply within api.timeout")
    return None


def _tls(causes: list[BaseException], peer: str) -> Failure | None:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure(Reason.TLS, _certificate_problem(cause.verify_code, peer))
    if any(isinstance(cause, ssl.SSLError) and not isinstance(cause, _LOST) for cause in causes):
        return Failure(Reason.TLS, "no TLS connection could be agreed on; is the port right?")
    return None


def _certificate_problem(code: int, peer: str) -> str:
    if code == _CERTIFICATE_EXPIRED:
        return f"the {peer}'s certificate has expired"
    if code in _HOST_MISMATCH:
        return f"the {peer}'s certificate is for another host"
    if code in _UNKNOWN_ISSUER:
        return f"the {peer}'s certificate is signed by an unknown authority; see api.ca_file"
    return f"the {peer}'s certificate is not valid"


def _machine(causes: list[BaseException]) -> Failure | None:
    if any(isinstance(cause, NoThreadLeft) for cause in causes):
        return Failure(
            Reason.CONNECT, "this machine has no thread left to look a name up on; raise its limit"
        )
    if any(isinstance(cause, OSError) and cause.errno in _NO_DESCRIPTORS for cause in causes):
        return Failure(Reason.CONNECT, "this machine has no file descriptor left; raise its limit")
    return None


def _proxy(causes: list[BaseException], status: int | None) -> Failure:
    if status == 407:
        return Failure(
            Reason.CONNECT, "the proxy refused the user and password of its URL, or lacks them (HTTP 407)"
        )
    if status is not None:
        return Failure(Reason.CONNECT, f"the proxy did not make the connection (HTTP {status})")
    return _first_of(_PROXY_UNREACHED, causes) or Failure(
        Reason.CONNECT, "the proxy did not make the connection"
    )


def _connect(causes: list[BaseException]) -> Failure | None:
    if (unreached := _first_of(_SERVER_UNREACHED, causes)) is not None:
        return unreached
    codes = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if codes & _UNROUTABLE:
        return Failure(Reason.CONNECT, "there is no route to the host")
    if any(code is not None for code in codes):
        return Failure(Reason.CONNECT, "the connection could not be made")
    return None


def _first_of(known: _Unreached, causes: list[BaseException]) -> Failure | None:
    return next(
        (failure for kind, failure in known if any(isinstance(cause, kind) for cause in causes)), None
    )
