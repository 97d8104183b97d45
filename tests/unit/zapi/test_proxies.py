"""Polls through real proxies: what they are told, what is kept, and whose failure it is."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure, Reason, Status
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from exporter.zapi.proxy import parse_proxy
from simulator.server import SimulatedZapi
from tests.builders import an_instance
from tests.unit.zapi.proxying import Answer, proxying

INSTANCE = an_instance("vendas", client_token="CLIENTTOKEN")
LOGIN = "us%C5%A1er:p%40ss"
BASIC = "proxy-authorization: Basic dXPFoWVyOnBAc3M="


class Authority:
    """An authority in a file, and what it certifies."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.file)

    def server(self, host: str = "127.0.0.1") -> ssl.SSLContext:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(host).configure_cert(tls)
        return tls


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def zapi(authority: Authority) -> Iterator[SimulatedZapi]:
    with serving(authority.server()) as server:
        yield server


def serving(tls: ssl.SSLContext | None) -> SimulatedZapi:
    now = time.time()
    instance = SimulatedInstance(id="ID-vendas", token="TOKEN", due=now, created=now)
    return SimulatedZapi([instance], clock=SystemClock(), tls=tls)


def a_client(base_url: str, proxy: str, ca_file: Path, timeout: float = 10.0) -> ZapiClient:
    api = Api(base_url, timeout, ca_file.read_text())
    return ZapiClient(api, clock=SystemClock(), proxy=parse_proxy(proxy, "HTTPS_PROXY"))


def failure(client: ZapiClient) -> Failure:
    reading = client.read(INSTANCE)
    assert isinstance(reading, Failure)
    return reading


@pytest.mark.parametrize("proxy_tls", [False, True], ids=["http proxy", "https proxy"])
def test_a_tunnel_serves_many_polls_and_is_closed_with_its_client(
    proxy_tls: bool, zapi: SimulatedZapi, authority: Authority
) -> None:
    with proxying(tls=authority.server() if proxy_tls else None) as proxy:
        client = a_client(zapi.base_url, proxy.url(LOGIN), authority.file)
        readings = [client.read(INSTANCE) for _ in range(3)]
        assert all(isinstance(reading, Status) for reading in readings), readings
        target = f"127.0.0.1:{zapi.port}"
        assert proxy.heads == [f"CONNECT {target} HTTP/1.1\r\n{BASIC}\r\nHost: {target}\r\n\r\n"]
        assert (zapi.connections, zapi.handshakes) == (1, 1)
        assert "proxy-authorization" not in zapi.last_headers("ID-vendas")
        client.close()
        proxy.wait_until_all_closed()


def test_a_tunnel_to_an_address_of_ipv6_is_asked_for_in_brackets(authority: Authority) -> None:
    with proxying() as proxy:
        client = a_client("https://[::1]:1", proxy.url(), authority.file)
        failure(client)
        client.close()
        assert proxy.heads == ["CONNECT [::1]:1 HTTP/1.1\r\nHost: [::1]:1\r\n\r\n"]


@pytest.mark.parametrize("proxy_tls", [False, True], ids=["http proxy", "https proxy"])
def test_plain_polls_are_forwarded_over_one_connection(proxy_tls: bool, authority: Authority) -> None:
    with serving(None) as zapi, proxying(tls=authority.server() if proxy_tls else None) as proxy:
        client = a_client(zapi.base_url, proxy.url(), authority.file)
        assert isinstance(client.read(INSTANCE), Status)
        assert isinstance(client.read(INSTANCE), Status)
        assert proxy.heads[0].startswith(
            f"GET {zapi.base_url}/instances/ID-vendas/token/TOKEN/me HTTP/1.1\r\n"
        )
        client.close()
        proxy.wait_until_all_closed()


def says(answer: bytes) -> Answer:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(answer)
        await writer.drain()

    return say


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
    await reader.read()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("proxy_tls", [False, True], ids=["http proxy", "https proxy"])
@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 407 canary\r\nX: canary\r\n\r\n", "407"),
        (b"HTTP/1.1 502 canary\r\n\r\ncanary", "502"),
        (b"HTTP/1.1 302 canary\r\nLocation: https://canary/\r\n\r\n", "302"),
        (b"", "closed"),
        (b"HTTP/1.1 2", "proxy"),
        (b"canary\r\n\r\n", "proxy"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "proxy"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 12_000 + b"\r\n", "proxy"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary", "proxy"),
    ],
    ids=["407", "502", "redirect", "closed", "half a line", "no HTTP", "huge header", "many headers", "page"],
)
def test_a_proxy_that_makes_no_tunnel_is_named(
    answer: bytes, detail: str, proxy_tls: bool, authority: Authority
) -> None:
    with proxying(says(answer), authority.server() if proxy_tls else None) as proxy:
        failed = failure(a_client("https://zapi.example", proxy.url("u:canary"), authority.file))
    assert failed.reason is Reason.CONNECT
    assert "proxy" in failed.detail
    assert detail in failed.detail
    assert "canary" not in failed.detail
    assert "TOKEN" not in proxy.heads[0]


@pytest.mark.parametrize("proxy_tls", [False, True], ids=["http proxy", "https proxy"])
@pytest.mark.parametrize("answer", [hang, drip])
def test_a_proxy_that_takes_for_ever_is_a_timeout(
    answer: Answer, proxy_tls: bool, authority: Authority
) -> None:
    with proxying(answer, authority.server() if proxy_tls else None) as proxy:
        client = a_client("https://zapi.example", proxy.url(), authority.file, timeout=0.4)
        assert failure(client).reason is Reason.TIMEOUT


def test_a_tunnel_that_leads_nowhere_is_a_lost_connection(authority: Authority) -> None:
    with proxying(says(b"HTTP/1.1 200 OK\r\n\r\n")) as proxy:
        assert failure(a_client("https://zapi.example", proxy.url(), authority.file)).reason is Reason.CONNECT


def test_a_forwarding_proxy_that_wants_a_password_is_not_taken_for_zapi(authority: Authority) -> None:
    with proxying(says(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")) as proxy:
        failed = failure(a_client("http://zapi.example", proxy.url(), authority.file))
    assert failed.reason is Reason.CONNECT
    assert "407" in failed.detail


def test_the_name_that_cannot_be_resolved_is_the_proxys(authority: Authority) -> None:
    failed = failure(a_client("https://127.0.0.1", "http://proxy..example:1", authority.file))
    assert failed == Failure(Reason.CONNECT, "the host name of the proxy cannot be resolved")


def test_the_certificate_of_another_host_is_the_proxys(authority: Authority) -> None:
    with proxying(tls=authority.server("proxy.example")) as proxy:
        failed = failure(a_client("https://zapi.example", proxy.url(), authority.file))
    assert failed == Failure(Reason.TLS, "the proxy's certificate is for another host")


def test_the_certificate_of_another_host_behind_a_proxy_is_zapis(authority: Authority) -> None:
    with serving(authority.server("zapi.example")) as zapi, proxying(tls=authority.server()) as proxy:
        failed = failure(a_client(zapi.base_url, proxy.url(), authority.file))
    assert failed == Failure(Reason.TLS, "the server's certificate is for another host")


def test_a_tunnel_that_was_closed_while_idle_costs_no_poll(zapi: SimulatedZapi, authority: Authority) -> None:
    with proxying(tls=authority.server()) as proxy:
        client = a_client(zapi.base_url, proxy.url(), authority.file)
        assert isinstance(client.read(INSTANCE), Status)
        proxy.hang_up()
        assert isinstance(client.read(INSTANCE), Status)
        assert len(proxy.heads) == 2
        client.close()
