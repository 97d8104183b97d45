"""Every error of a connection has its reason and its words, at the server and at the proxy."""

import errno
import socket
import ssl

import pytest

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.failures import NoThreadLeft, connection_failure, proxy_refusal

UNKNOWN_AUTHORITY = "certificate is signed by an unknown authority; see api.ca_file"


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ((9,), "certificate is not valid yet; check the clock of this machine"),
        ((10,), "certificate has expired"),
        ((18, 19, 20, 21), UNKNOWN_AUTHORITY),
        ((23, 26, 66), "certificate is not valid"),
        ((62, 64), "certificate is for another host"),
    ],
)
@pytest.mark.parametrize("peer", ["server", "proxy"])
def test_openssl_says_by_a_number_what_is_wrong_with_a_certificate(
    codes: tuple[int, ...], words: str, peer: str
) -> None:
    """They are 9 not yet valid, 10 expired, 18 to 21 issuer unknown, 23 revoked, 26 purpose, 62 host, 64 address."""
    for code in codes:
        error = ssl.SSLCertVerificationError(1, "text of a library")
        error.verify_code = code
        assert connection_failure(error, at_server=peer == "server") == Failure(
            Reason.TLS, f"the {peer}'s {words}"
        )


CLOSED = (ConnectionResetError(), BrokenPipeError(), ConnectionAbortedError())


@pytest.mark.parametrize(
    ("errors", "at_server", "at_proxy"),
    [
        ([NoThreadLeft("x")], *["this machine has no thread left to look a name up on; raise its limit"] * 2),
        (
            [OSError(errno.EMFILE, "x"), OSError(errno.ENFILE, "x")],
            *["this machine has no file descriptor left; raise its limit"] * 2,
        ),
        (
            [socket.gaierror(1, "x")],
            *[f"the host name of {name} cannot be resolved" for name in ("api.base_url", "the proxy")],
        ),
        ([ConnectionRefusedError()], "the connection was refused", "the connection to the proxy was refused"),
        (
            [*CLOSED, ssl.SSLEOFError(), ssl.SSLZeroReturnError()],
            "the connection was closed before the reply was whole",
            "the proxy closed the connection before it was made",
        ),
        (
            [OSError(errno.ENETUNREACH, "x"), OSError(errno.EHOSTUNREACH, "x")],
            *["there is no route to the host", "there is no route to the proxy"],
        ),
        (
            [OSError(errno.EACCES, "x")],
            *["the connection could not be made", "the proxy did not make the connection"],
        ),
    ],
)
def test_an_error_of_the_machine_or_the_peer_is_told(
    errors: list[OSError], at_server: str, at_proxy: str
) -> None:
    for error in errors:
        assert connection_failure(error, at_server=True) == Failure(Reason.CONNECT, at_server)
        assert connection_failure(error, at_server=False) == Failure(Reason.CONNECT, at_proxy)


def test_other_errors_have_reasons_of_their_own() -> None:
    for at_server in (True, False):
        assert connection_failure(TimeoutError(), at_server=at_server).reason is Reason.TIMEOUT
        assert connection_failure(ssl.SSLError(1, "x"), at_server=at_server).reason is Reason.TLS


def test_a_proxy_that_refuses_a_password_is_told_from_one_that_fails() -> None:
    assert "the user and password of its URL" in proxy_refusal(407).detail
    assert proxy_refusal(502) == Failure(Reason.CONNECT, "the proxy did not make the connection (HTTP 502)")
