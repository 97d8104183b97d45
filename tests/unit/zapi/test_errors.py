"""Every error of a connection has its reason and its words, at the server and at the proxy."""

import errno
import socket
import ssl

import pytest

from exporter.model.poll_result import Reason
from exporter.zapi.errors import NoThreadLeft, connection_failure


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (9, "certificate is not valid yet; check the clock of this machine"),
        (10, "certificate has expired"),
        (18, "certificate is signed by an unknown authority; see api.ca_file"),
        (19, "certificate is signed by an unknown authority; see api.ca_file"),
        (20, "certificate is signed by an unknown authority; see api.ca_file"),
        (21, "certificate is signed by an unknown authority; see api.ca_file"),
        (23, "certificate is not valid"),
        (26, "certificate is not valid"),
        (62, "certificate is for another host"),
        (64, "certificate is for another host"),
        (66, "certificate is not valid"),
    ],
)
@pytest.mark.parametrize("peer", ["server", "proxy"])
def test_openssl_says_by_a_number_what_is_wrong_with_a_certificate(code: int, words: str, peer: str) -> None:
    """They are 9 not yet valid, 10 expired, 18 to 21 issuer unknown, 23 revoked, 26 purpose, 62 host, 64 address."""
    error = ssl.SSLCertVerificationError(1, "text of a library")
    error.verify_code = code
    failure = connection_failure(error, at_server=peer == "server")
    assert (failure.reason, failure.detail) == (Reason.TLS, f"the {peer}'s {words}")


@pytest.mark.parametrize(
    ("error", "at_server", "at_proxy"),
    [
        (NoThreadLeft("x"), "this machine has no thread left", "this machine has no thread left"),
        (
            OSError(errno.EMFILE, "x"),
            "this machine has no file descriptor",
            "this machine has no file descriptor",
        ),
        (
            OSError(errno.ENFILE, "x"),
            "this machine has no file descriptor",
            "this machine has no file descriptor",
        ),
        (
            socket.gaierror(1, "x"),
            "the host name of api.base_url cannot",
            "the host name of the proxy cannot",
        ),
        (ConnectionRefusedError(), "the connection was refused", "the connection to the proxy was refused"),
        (
            ConnectionResetError(),
            "the connection was closed before",
            "the proxy closed the connection before",
        ),
        (BrokenPipeError(), "the connection was closed before", "the proxy closed the connection before"),
        (
            ConnectionAbortedError(),
            "the connection was closed before",
            "the proxy closed the connection before",
        ),
        (ssl.SSLEOFError(), "the connection was closed before", "the proxy closed the connection before"),
        (
            ssl.SSLZeroReturnError(),
            "the connection was closed before",
            "the proxy closed the connection before",
        ),
        (OSError(errno.ENETUNREACH, "x"), "there is no route to the host", "there is no route to the proxy"),
        (OSError(errno.EHOSTUNREACH, "x"), "there is no route to the host", "there is no route to the proxy"),
        (
            OSError(errno.EACCES, "x"),
            "the connection could not be made",
            "the proxy did not make the connection",
        ),
    ],
    ids=repr,
)
def test_an_error_of_the_machine_or_the_peer_is_told(error: OSError, at_server: str, at_proxy: str) -> None:
    for is_server, words in ((True, at_server), (False, at_proxy)):
        failure = connection_failure(error, at_server=is_server)
        assert failure.reason is Reason.CONNECT
        assert failure.detail.startswith(words)


def test_other_errors_have_reasons_of_their_own() -> None:
    assert connection_failure(TimeoutError(), at_server=True).reason is Reason.TIMEOUT
    assert connection_failure(ssl.SSLError(1, "x"), at_server=True).reason is Reason.TLS
