"""How requests and answers go over kept-alive connections and proxies."""

import socket

import pytest
import trustme

from exporter import __version__
from exporter.model.account_list import ListPage
from exporter.model.poll_result import Collector, Failure, Reason
from exporter.model.secret import Secret
from exporter.model.settings import Account
from exporter.zapi.proxy import parse_proxy
from exporter.zapi.transport import MAX_WIRE
from tests.builders import an_instance, server_tls
from tests.unit.zapi.outcome import reason, said
from tests.unit.zapi.playing import BODY, OWN, a_client, answering, playing, read_head, reply

INSTANCE = an_instance("vendas", client_token="CT")


def test_a_request_is_these_bytes() -> None:
    heads: list[bytes] = []
    instance = an_instance(instance_id="a/b", token="c/d?", client_token="CT")
    with playing(answering(OWN, heads=heads)) as server:
        assert said(a_client(f"{server.url}/api").read(instance)) is True
    request_line, *headers = heads[0].decode().removesuffix("\r\n\r\n").split("\r\n")
    assert request_line == "GET /api/instances/a%2Fb/token/c%2Fd%3F/me HTTP/1.1"
    assert headers == [
        f"Host: 127.0.0.1:{server.port}",
        f"User-Agent: zapi-exporter/{__version__}",
        "Accept: application/json",
        "Accept-Encoding: gzip",
        "Client-Token: CT",
    ]


def test_a_page_of_a_list_is_asked_for_with_the_partner_token_alone() -> None:
    heads: list[bytes] = []
    account = Account("matriz", Secret("PARTNER"), page_size=7, client_token=Secret("CT"))
    with playing(answering(reply(b'{"total":0,"content":[]}'), heads=heads)) as server:
        assert server.client().list_page(account, 3) == ListPage(0, None, ())
    head = heads[0].decode()
    assert head.startswith("GET /instances?page=3&pageSize=7 HTTP/1.1\r\n")
    assert "\r\nAuthorization: Bearer PARTNER\r\n" in head
    assert "Client-Token" not in head


@pytest.mark.parametrize(
    ("first", "connections"),
    [
        (OWN, 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n" + BODY + b"\r\n0\r\n\r\n", 1),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OWN, 1),
        (reply(b"", status="204 No Content"), 1),
        (reply(b'{"error":"x"}', status="500 Oh"), 1),
        (reply(BODY, "Connection: close"), 2),
        (reply(b"x" * 2_000_000), 2),
        (reply(b"x" * 2_000_000, status="500 Oh"), 2),
        (b"nonsense\r\n\r\n", 2),
    ],
)
def test_a_connection_serves_the_next_poll_unless_it_is_at_its_end(first: bytes, connections: int) -> None:
    """It is where its answer was the last or was left unread."""
    with playing(answering(first, OWN), answering(OWN)) as server:
        client = server.client()
        client.read(INSTANCE)
        assert said(client.read(INSTANCE)) is True
        assert server.connections == connections


def test_a_connection_closed_without_a_reply_is_not_told_as_the_proxys() -> None:
    with playing(answering(b"")) as server:
        reading = server.client().read(INSTANCE)
    assert reading == Failure(Reason.CONNECT, "the connection was closed before the reply was whole")


def a_reply_of(size: int) -> bytes:
    """Chunks of one byte with long extensions fill a reply whose body is small."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n" + BODY + b"\r\n"
    chunk, end = b"1;" + b"x" * 4000 + b"\r\n \r\n", b"0\r\n\r\n"
    whole, rest = divmod(size - len(head) - len(end) - 7, len(chunk))
    last = b"1;" + b"x" * rest + b"\r\n \r\n"
    sized = head + chunk * whole + last + end
    assert len(sized) == size
    return sized


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@pytest.mark.parametrize(("size", "outcome"), [(MAX_WIRE, None), (MAX_WIRE + 1, Reason.TOO_LARGE)])
def test_the_last_byte_of_the_budget_is_received_and_no_more(
    size: int, outcome: Reason | None, proxied: bool
) -> None:
    with playing(answering(a_reply_of(size))) as server:
        client = server.client()
        if proxied:
            client = a_client("http://zapi.example", proxy=parse_proxy(server.url, "HTTP_PROXY"))
        assert reason(client.read(INSTANCE)) is outcome


@pytest.mark.parametrize(
    ("head", "size", "outcome"),
    [
        (0, MAX_WIRE - 30_000, None),
        (60_000, MAX_WIRE - 30_000, Reason.TOO_LARGE),
        (0, MAX_WIRE, Reason.TOO_LARGE),
    ],
    ids=["enough", "the proxy's reply", "handshake and records"],
)
def test_the_bytes_of_a_tunnel_and_of_tls_are_in_the_budget(
    head: int, size: int, outcome: Reason | None, authority: trustme.CA
) -> None:
    tls = server_tls(authority, "zapi.example")

    def tunnel(accepted: socket.socket) -> None:
        read_head(accepted)
        accepted.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * head + b"\r\n\r\n")
        with tls.wrap_socket(accepted, server_side=True) as inner:
            answering(a_reply_of(size))(inner)

    with playing(tunnel) as proxy:
        ca_pem, told = authority.cert_pem.bytes().decode(), parse_proxy(proxy.url, "HTTPS_PROXY")
        client = a_client("https://zapi.example", ca_pem=ca_pem, proxy=told)
        assert reason(client.read(INSTANCE)) is outcome


@pytest.mark.parametrize("asked", [0, 1], ids=["queue/count", "queue"])
def test_a_forwarding_proxy_may_refuse_each_request_of_a_collector(asked: int) -> None:
    heads: list[bytes] = []
    answers = (*[reply(b'{"count":3}')] * asked, reply(b'{"count":9}', status="407 Who are you"))
    with playing(answering(*answers, heads=heads)) as proxy:
        client = a_client("http://zapi.example", proxy=parse_proxy(proxy.url, "HTTP_PROXY"))
        failure = client.collect(INSTANCE, Collector.QUEUE, 5.0)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.CONNECT
    assert "the proxy refused" in failure.detail
    assert (b"/queue HTTP/1.1" if asked else b"/queue/count HTTP/1.1") in heads[-1]
