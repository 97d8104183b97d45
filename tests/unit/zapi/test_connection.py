"""How requests and answers go over kept-alive connections and proxies."""

import contextlib
import itertools
import socket
import ssl
from collections.abc import Callable

import pytest
import trustme

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Collector, Failure, Reading, Reason, Status
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from exporter.zapi.proxy import parse_proxy
from exporter.zapi.transport import MAX_WIRE
from tests.builders import an_instance
from tests.unit.zapi.playing import Play, playing, read_head
from tests.unit.zapi.scripted import scripted

INSTANCE = an_instance("vendas", client_token="CT")
TARGET = "/instances/ID-vendas/token/TOKEN/me"
BODY = b'{"connected":true}'


def answer(body: bytes = BODY, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def a_client(url: str, proxy: str | None = None) -> ZapiClient:
    told = parse_proxy(proxy, "HTTP_PROXY") if proxy else None
    return ZapiClient(Api(url, 60.0, None), clock=SystemClock(), proxy=told)


def reason(reading: Reading) -> Reason:
    assert isinstance(reading, Failure)
    return reading.reason


def test_a_request_is_these_bytes() -> None:
    with scripted([answer()]) as server:
        assert isinstance(a_client(f"{server.url}/api").read(INSTANCE), Status)
    request_line, *headers = server.heads[0].rstrip().split("\r\n")
    assert request_line == f"GET /api{TARGET} HTTP/1.1"
    assert headers[0] == f"Host: 127.0.0.1:{server.port}"
    assert set(headers[2:]) == {"Accept: application/json", "Accept-Encoding: gzip", "Client-Token: CT"}
    assert headers[1].startswith("User-Agent: zapi-exporter/")


@pytest.mark.parametrize(
    "reply",
    [
        answer(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
        answer(b"", status="204 No Content"),
        answer(b'{"error":"x"}', status="500 Oh"),
    ],
)
def test_a_connection_serves_the_next_poll(reply: bytes) -> None:
    with scripted([reply, answer()]) as server:
        client = a_client(server.url)
        client.read(INSTANCE)
        assert isinstance(client.read(INSTANCE), Status)
    assert server.connections == 1


@pytest.mark.parametrize(
    "last",
    [
        answer(BODY, "Connection: close"),
        answer(b"x" * 2_000_000),
        answer(b"x" * 2_000_000, status="500 Oh"),
        b"nonsense\r\n\r\n",
    ],
)
def test_a_connection_at_its_end_serves_no_other_poll(last: bytes) -> None:
    """A connection whose answer was its last or was left unread serves no other poll."""

    with scripted([last, answer()], [answer()]) as server:
        client = a_client(server.url)
        client.read(INSTANCE)
        assert isinstance(client.read(INSTANCE), Status)
    assert server.connections == 2


def test_a_connection_that_was_closed_while_idle_costs_no_poll() -> None:
    with scripted([answer()], [answer()]) as server:
        client = a_client(server.url)
        assert isinstance(client.read(INSTANCE), Status)
        assert isinstance(client.read(INSTANCE), Status)
    assert server.connections == 2


def test_a_body_that_ends_too_early_is_no_success() -> None:
    with scripted([b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + BODY]) as server:
        assert reason(a_client(server.url).read(INSTANCE)) is Reason.INVALID_RESPONSE


def test_an_answer_sent_before_the_request_was_read_counts() -> None:
    with scripted([answer(b"", "Connection: close", status="429 Slow down")]) as server:
        assert reason(a_client(server.url).read(INSTANCE)) is Reason.RATE_LIMITED


def test_a_forwarding_proxy_is_told_where_to_and_who_asks() -> None:
    with scripted([answer(), answer()]) as proxy:
        client = a_client("http://zapi.example/base", f"http://user:secret@127.0.0.1:{proxy.port}")
        assert isinstance(client.read(INSTANCE), Status)
        assert isinstance(client.read(INSTANCE), Status)
    for head in proxy.heads:
        assert head.startswith(f"GET http://zapi.example/base{TARGET} HTTP/1.1\r\nHost: zapi.example\r\n")
        assert "proxy-authorization: Basic dXNlcjpzZWNyZXQ=\r\n" in head


def test_a_tunnel_is_asked_for_without_the_secrets_of_the_request() -> None:
    with scripted([b"HTTP/1.1 407 No\r\n\r\n"]) as proxy:
        client = a_client("https://zapi.example", f"http://user:secret@127.0.0.1:{proxy.port}")
        assert reason(client.read(INSTANCE)) is Reason.CONNECT
    assert proxy.heads[0].startswith("CONNECT zapi.example:443 HTTP/1.")
    assert "TOKEN" not in proxy.heads[0]


def a_reply_of(size: int) -> bytes:
    """Chunks of one byte with long extensions fill a reply whose body is small."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n" + BODY + b"\r\n"
    chunk, end = b"1;" + b"x" * 4000 + b"\r\n \r\n", b"0\r\n\r\n"
    whole, rest = divmod(size - len(head) - len(end) - 7, len(chunk))
    last = b"1;" + b"x" * rest + b"\r\n \r\n"
    reply = head + chunk * whole + last + end
    assert len(reply) == size
    return reply


LAST_BYTES = pytest.mark.parametrize(
    ("size", "outcome"), [(MAX_WIRE, None), (MAX_WIRE + 1, Reason.TOO_LARGE)]
)


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@LAST_BYTES
def test_the_last_byte_of_the_budget_is_received_and_no_more(
    size: int, outcome: Reason | None, proxied: bool
) -> None:
    with scripted([a_reply_of(size)]) as server:
        told = f"http://127.0.0.1:{server.port}"
        reading = (a_client("http://zapi.example", told) if proxied else a_client(told)).read(INSTANCE)
    assert (reading.reason if isinstance(reading, Failure) else None) is outcome


@LAST_BYTES
def test_the_bytes_of_a_tunnel_and_of_tls_are_in_the_budget(size: int, outcome: Reason | None) -> None:
    """The proxy's reply, the handshake and the framing of records, to the last byte."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert("zapi.example").configure_cert(tls)
    with playing(tunnel_that_sends(size, tls)) as proxy:
        api = Api("https://zapi.example", 60.0, authority.cert_pem.bytes().decode())
        told = parse_proxy(f"http://{proxy.host}:{proxy.port}", "HTTPS_PROXY")
        reading = ZapiClient(api, clock=SystemClock(), proxy=told).read(INSTANCE)
    assert (reading.reason if isinstance(reading, Failure) else None) is outcome


def tunnel_that_sends(size: int, tls: ssl.SSLContext) -> Play:
    """Make a tunnel to a server of its own, and send so many bytes in all."""
    longest, framing = 16_384, 22  # of a record of TLS 1.3

    def play(accepted: socket.socket) -> None:
        incoming, outgoing, sent = ssl.MemoryBIO(), ssl.MemoryBIO(), 0
        server = tls.wrap_bio(incoming, outgoing, server_side=True)

        def send(data: bytes) -> None:
            nonlocal sent
            accepted.sendall(data)
            sent += len(data)

        def receive(operation: Callable[[], object]) -> None:
            with contextlib.suppress(ssl.SSLWantReadError):
                operation()
                send(outgoing.read())
                return
            send(outgoing.read())
            incoming.write(accepted.recv(65_536))
            receive(operation)

        read_head(accepted)
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        receive(server.do_handshake)
        receive(server.read)  # the request
        records = -(-(size - sent) // (longest + framing))
        reply = a_reply_of(size - sent - records * framing)
        edges = [len(reply) * record // records for record in range(records + 1)]
        for start, end in itertools.pairwise(edges):
            server.write(reply[start:end])
        send(outgoing.read())
        assert sent == size

    return play


@pytest.mark.parametrize("asked", [0, 1], ids=["queue/count", "queue"])
def test_a_forwarding_proxy_may_refuse_each_request_of_a_collector(asked: int) -> None:
    refusal = answer(b'{"count":9}', status="407 Who are you")
    with scripted([*[answer(b'{"count":3}')] * asked, refusal]) as proxy:
        client = a_client("http://zapi.example", f"http://127.0.0.1:{proxy.port}")
        failure = client.collect(INSTANCE, Collector.QUEUE, 5.0)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.CONNECT
    assert "the proxy refused" in failure.detail
    assert f"/queue{'' if asked else '/count'} HTTP/1.1" in proxy.heads[-1]
