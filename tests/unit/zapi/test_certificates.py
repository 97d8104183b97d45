"""Certificates that cannot be verified, on real connections: what a poll says of each."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
import trustme

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure, Reason, Status
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from tests.builders import an_instance
from tests.unit.zapi.playing import answering

OWN = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"connected":true}'
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


@contextlib.contextmanager
def polled(
    authority: trustme.CA, chain: ssl.SSLContext, host: str = "127.0.0.1"
) -> Iterator[Status | Failure]:
    """Give what a poll reads of a server with that chain, where ``authority`` is trusted."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            accepted, _ = listener.accept()
            with chain.wrap_socket(accepted, server_side=True) as secure:
                answering(OWN)(secure)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://{host}:{listener.getsockname()[1]}"
        pem = authority.cert_pem.bytes().decode()
        client = ZapiClient(Api(url, 30.0, pem), clock=SystemClock())
        try:
            yield client.read(an_instance("vendas"))
        finally:
            client.close()
            thread.join(30)


def serving(certificate: trustme.LeafCert, *, whole_chain: bool = True) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if whole_chain:
        certificate.configure_cert(context)
        return context
    with certificate.private_key_pem.tempfile() as key, certificate.cert_chain_pems[0].tempfile() as leaf:
        context.load_cert_chain(leaf, key)
    return context


def serving_itself(authority: trustme.CA) -> ssl.SSLContext:
    """An authority's own certificate is that of the server too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.private_key_pem.tempfile() as key, authority.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)
    return context


def serving_with_root(authority: trustme.CA) -> ssl.SSLContext:
    """The chain goes up to the authority's own certificate."""
    context, certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), authority.issue_cert("127.0.0.1")
    pem = certificate.cert_chain_pems[0].bytes() + authority.cert_pem.bytes()
    with certificate.private_key_pem.tempfile() as key, trustme.Blob(pem).tempfile() as chain:
        context.load_cert_chain(chain, key)
    return context


def test_a_chain_over_an_intermediate_is_trusted() -> None:
    authority = trustme.CA()
    leaf = authority.create_child_ca().issue_cert("127.0.0.1")
    with polled(authority, serving(leaf)) as reading:
        assert isinstance(reading, Status)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("incomplete chain", "unknown authority"),
        ("unknown authority", "unknown authority"),
        ("unknown authority in the chain", "unknown authority"),
        ("self-signed", "unknown authority"),
        ("not yet valid", "not valid yet"),
        ("expired", "expired"),
        ("another address", "another host"),
        ("another name", "another host"),
    ],
)
def test_a_certificate_that_cannot_be_verified_is_told_by_its_fault(case: str, words: str) -> None:
    authority = trustme.CA()
    chains = {
        "incomplete chain": lambda: serving(
            authority.create_child_ca().issue_cert("127.0.0.1"), whole_chain=False
        ),
        "unknown authority": lambda: serving(trustme.CA().issue_cert("127.0.0.1")),
        "unknown authority in the chain": lambda: serving_with_root(trustme.CA()),
        "self-signed": lambda: serving_itself(trustme.CA()),
        "not yet valid": lambda: serving(
            authority.issue_cert("127.0.0.1", not_before=NOW + DAY, not_after=NOW + 2 * DAY)
        ),
        "expired": lambda: serving(
            authority.issue_cert("127.0.0.1", not_before=NOW - 2 * DAY, not_after=NOW - DAY)
        ),
        "another address": lambda: serving(authority.issue_cert("api.example.com")),
        "another name": lambda: serving(authority.issue_cert("api.example.com")),
    }
    host = "localhost" if case == "another name" else "127.0.0.1"
    with polled(authority, chains[case](), host) as reading:
        assert isinstance(reading, Failure)
        assert reading.reason is Reason.TLS
        assert words in reading.detail
