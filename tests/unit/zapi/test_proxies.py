"""Polls through real proxies: what they are told, what is kept, and whose failure it is."""

import contextlib
import socket
import ssl
import time

import pytest
import trustme

from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure, Reason
from exporter.zapi.client import ZapiClient
from exporter.zapi.proxy import parse_proxy
from simulator.server import SimulatedZapi
from tests.builders import an_instance, server_tls
from tests.unit.zapi.outcome import said
from tests.unit.zapi.playing import PATIENCE, Play, a_client, answering, playing
from tests.unit.zapi.proxying import proxying

INSTANCE = an_instance("vendas", client_token="CLIENTTOKEN")
LOGIN = "us%C5%A1er:p%40ss"
BASIC = "proxy-authorization: Basic dXPFoWVyOnBAc3M="


def polling(authority: trustme.CA, base_url: str, proxy: str, timeout: float = PATIENCE) -> ZapiClient:
    """Return a client that trusts the authority, behind a proxy."""
    ca_pem = authority.cert_pem.bytes().decode()
    return a_client(base_url, timeout, ca_pem, proxy=parse_proxy(proxy, "HTTPS_PROXY"))


@pytest.fixture(params=[False, True], ids=["http proxy", "https proxy"])
def proxy_tls(request: pytest.FixtureRequest, authority: trustme.CA) -> ssl.SSLContext | None:
    return server_tls(authority) if request.param else None


def serving(tls: ssl.SSLContext | None) -> SimulatedZapi:
    now = time.time()
    instance = SimulatedInstance(id="ID-vendas", token="TOKEN", due=now, created=now)
    return SimulatedZapi([instance], clock=SystemClock(), tls=tls)


def test_a_tunnel_serves_many_polls_and_is_closed_with_its_client(
    proxy_tls: ssl.SSLContext | None, authority: trustme.CA
) -> None:
    with serving(server_tls(authority)) as zapi, proxying(tls=proxy_tls) as proxy:
        client = polling(authority, zapi.base_url, proxy.url(LOGIN))
        assert [said(client.read(INSTANCE)) for _ in range(3)] == [True] * 3
        target = f"127.0.0.1:{zapi.port}"
        assert proxy.heads == [f"CONNECT {target} HTTP/1.1\r\n{BASIC}\r\nHost: {target}\r\n\r\n"]
        assert (zapi.connections, zapi.handshakes) == (1, 1)
        assert "proxy-authorization" not in zapi.last_headers("ID-vendas")
        client.close()
        proxy.wait_until_all_closed()


@pytest.mark.parametrize(
    ("base_url", "target"),
    [
        ("https://[::1]:1", "[::1]:1"),
        ("https://127.0.0.1", "127.0.0.1:443"),
        ("https://a.example:80", "a.example:80"),
    ],
)
def test_a_tunnel_is_asked_for_with_the_port_and_no_more(
    base_url: str, target: str, authority: trustme.CA
) -> None:
    """An address of IPv6 stands in brackets."""
    heads: list[bytes] = []
    with playing(answering(b"HTTP/1.1 502 No\r\n\r\n", heads=heads)) as proxy:
        polling(authority, base_url, proxy.url).read(INSTANCE)
    assert heads == [f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()]


def test_plain_polls_are_forwarded_over_one_connection(
    proxy_tls: ssl.SSLContext | None, authority: trustme.CA
) -> None:
    with serving(None) as zapi, proxying(tls=proxy_tls) as proxy:
        client = polling(authority, zapi.base_url, proxy.url(LOGIN))
        assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, True]
        (head,) = proxy.heads
        assert head.startswith(
            f"GET {zapi.base_url}/instances/ID-vendas/token/TOKEN/me HTTP/1.1\r\nHost: 127.0.0.1:{zapi.port}\r\n"
        )
        assert f"\r\n{BASIC}\r\n" in head


def hang(accepted: socket.socket) -> None:
    while accepted.recv(65_536):
        pass


def drip(accepted: socket.socket) -> None:
    answering(b"HTTP/1.1 200 OK\r\nX: ")(accepted)
    accepted.settimeout(0.05)
    while True:
        accepted.sendall(b"x")
        with contextlib.suppress(TimeoutError):
            accepted.recv(1)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 407 canary\r\nX: canary\r\n\r\n", "407"),
        (b"HTTP/1.1 502 canary\r\n\r\ncanary", "502"),
        (b"HTTP/1.1 300 canary\r\n\r\n", "300"),
        (b"HTTP/1.1 302 canary\r\nLocation: https://canary/\r\n\r\n", "302"),
        (b"", "closed"),
        (b"HTTP/1.1 2", "proxy"),
        (b"canary\r\n\r\n", "proxy"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "proxy"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 12_000 + b"\r\n", "proxy"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary", "proxy"),
    ],
    ids=range(10),
)
def test_a_proxy_that_makes_no_tunnel_is_named(
    answer: bytes, detail: str, proxy_tls: ssl.SSLContext | None, authority: trustme.CA
) -> None:
    heads: list[bytes] = []
    with playing(answering(answer, heads=heads), context=proxy_tls) as proxy:
        url = proxy.url.replace("//", "//u:canary@")
        failed = polling(authority, "https://zapi.example", url).read(INSTANCE)
    assert isinstance(failed, Failure)
    assert failed.reason is Reason.CONNECT
    assert "proxy" in failed.detail
    assert detail in failed.detail
    assert "canary" not in failed.detail
    assert b"TOKEN" not in heads[0]


@pytest.mark.parametrize("play", [hang, drip])
def test_a_proxy_that_takes_for_ever_is_a_timeout(
    play: Play, proxy_tls: ssl.SSLContext | None, authority: trustme.CA
) -> None:
    with playing(play, context=proxy_tls) as proxy:
        client = polling(authority, "https://zapi.example", proxy.url, timeout=0.4)
        assert said(client.read(INSTANCE)) is Reason.TIMEOUT


def test_a_tunnel_that_leads_nowhere_is_a_lost_connection(authority: trustme.CA) -> None:
    with playing(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as proxy:
        client = polling(authority, "https://zapi.example", proxy.url)
        assert said(client.read(INSTANCE)) is Reason.CONNECT


def test_the_name_that_cannot_be_resolved_is_the_proxys(authority: trustme.CA) -> None:
    failed = polling(authority, "https://127.0.0.1", "http://proxy..example:1").read(INSTANCE)
    assert failed == Failure(Reason.CONNECT, "the host name of the proxy cannot be resolved")


def test_the_certificate_of_another_host_is_the_proxys(authority: trustme.CA) -> None:
    with proxying(tls=server_tls(authority, "proxy.example")) as proxy:
        failed = polling(authority, "https://zapi.example", proxy.url()).read(INSTANCE)
    assert failed == Failure(Reason.TLS, "the proxy's certificate is for another host")


def test_the_certificate_of_another_host_behind_a_proxy_is_zapis(authority: trustme.CA) -> None:
    with serving(server_tls(authority, "zapi.example")) as zapi, proxying(tls=server_tls(authority)) as proxy:
        failed = polling(authority, zapi.base_url, proxy.url()).read(INSTANCE)
    assert failed == Failure(Reason.TLS, "the server's certificate is for another host")


def test_a_tunnel_that_was_closed_while_idle_costs_no_poll(authority: trustme.CA) -> None:
    with serving(server_tls(authority)) as zapi, proxying(tls=server_tls(authority)) as proxy:
        client = polling(authority, zapi.base_url, proxy.url())
        assert said(client.read(INSTANCE)) is True
        proxy.hang_up()
        assert said(client.read(INSTANCE)) is True
        assert len(proxy.heads) == 2
