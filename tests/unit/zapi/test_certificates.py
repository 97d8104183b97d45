"""Certificates that cannot be verified, on real connections: what a poll says of each."""

import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme

from exporter.model.poll_result import Failure, Reading, Reason
from exporter.zapi.connection import Resolver, system_lookup
from tests.builders import an_instance, server_tls
from tests.unit.zapi.outcome import said
from tests.unit.zapi.playing import OWN, a_client, answering, playing

HERE = "127.0.0.1"
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


def polled(authority: trustme.CA | None, chain: ssl.SSLContext, host: str = HERE) -> Reading:
    """Return what a poll that trusts ``authority``, or a public one, reads of that chain. Each name leads there."""
    here = Resolver(lambda name, port: system_lookup(HERE, port))
    with playing(answering(OWN), context=chain) as server:
        ca_pem = authority.cert_pem.bytes().decode() if authority else None
        client = a_client(f"https://{host}:{server.port}", ca_pem=ca_pem, resolver=here)
        return client.read(an_instance("vendas"))


def test_a_chain_over_an_intermediate_is_trusted() -> None:
    authority = trustme.CA()
    assert said(polled(authority, server_tls(authority.create_child_ca()))) is True


def test_a_dot_at_the_end_of_a_host_changes_no_certificate() -> None:
    authority = trustme.CA()
    assert said(polled(authority, server_tls(authority, "zapi.example"), "zapi.example.")) is True


@pytest.mark.parametrize(
    ("chain", "host", "words"),
    [
        (lambda own: server_tls(trustme.CA()), HERE, "unknown authority"),
        (lambda own: server_tls(own, not_before=NOW + DAY, not_after=NOW + 2 * DAY), HERE, "not valid yet"),
        (lambda own: server_tls(own, not_before=NOW - 2 * DAY, not_after=NOW - DAY), HERE, "expired"),
        (lambda own: server_tls(own, "api.example.com"), HERE, "another host"),
        (lambda own: server_tls(own, "zapi.example"), "api.example", "another host"),
    ],
)
def test_a_certificate_that_cannot_be_verified_is_told_by_its_fault(
    chain: Callable[[trustme.CA], ssl.SSLContext], host: str, words: str
) -> None:
    authority = trustme.CA()
    reading = polled(authority, chain(authority), host)
    assert isinstance(reading, Failure)
    assert reading.reason is Reason.TLS
    assert words in reading.detail


def test_public_authorities_are_trusted_only_if_none_is_configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own, public = trustme.CA(), trustme.CA()
    public.cert_pem.write_to_path(str(tmp_path / "public.pem"))
    monkeypatch.setattr("exporter.zapi.client.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "public.pem"))
    chains = [server_tls(signer) for signer in (own, public)]
    assert [said(polled(own, chain)) for chain in chains] == [True, Reason.TLS]
    assert [said(polled(None, chain)) for chain in chains] == [Reason.TLS, True]


def test_openssl_erases_what_it_has_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    context, cleanse_plaintext = ssl.create_default_context(), 0x2
    usual = context.options
    monkeypatch.setattr(ssl, "create_default_context", lambda **authorities: context)
    a_client("https://zapi.example")
    assert context.options == usual | cleanse_plaintext
