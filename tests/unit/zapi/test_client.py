"""One poll against a server that is simulated on a real socket, with what goes wrong on the way."""

import socket
import threading
from collections.abc import Iterator

import pytest
import responses

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure, Reading, Reason, Status
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from exporter.zapi.connection import Route
from tests.builders import an_instance
from tests.unit.zapi.playing import a_request, an_adapter, answering, playing, read_head
from tests.unit.zapi.replaying import ReplayedStream

BASE = "http://zapi.example"
URL = f"{BASE}/instances/ID-vendas/token/TOKEN/me"


def a_client(base_url: str = BASE, timeout: float = 5.0) -> ZapiClient:
    return ZapiClient(Api(base_url, timeout, None), clock=SystemClock())


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, '{"error":"your client-token is not configured"}', Reason.UNAUTHORIZED),
        (403, '{"error":"Client-Token canary not allowed"}', Reason.UNAUTHORIZED),
        (403, '{"error":"null not allowed"}', Reason.UNAUTHORIZED),
        (401, "{}", Reason.UNAUTHORIZED),
        (401, "", Reason.FORBIDDEN),
        (403, "<html>", Reason.FORBIDDEN),
        (404, "{}", Reason.NOT_FOUND),
        (404, "", Reason.BAD_STATUS),
        (400, '{"error":"Instance not found"}', Reason.NOT_FOUND),
        (200, '{"error":"Instance not found"}', Reason.NOT_FOUND),
        (200, '{"value":false}', Reason.INVALID_RESPONSE),
        (405, '{"error":"Method not allowed"}', Reason.BAD_STATUS),
        (415, "", Reason.BAD_STATUS),
        (429, "", Reason.RATE_LIMITED),
        (302, "", Reason.REDIRECTED),
        (500, "<html>", Reason.SERVER_ERROR),
        (503, "<html>", Reason.SERVER_ERROR),
        (204, "", Reason.INVALID_RESPONSE),
        (200, "<html>", Reason.INVALID_RESPONSE),
    ],
)
def test_every_answer_has_its_reason(status: int, body: str, reason: Reason) -> None:
    with responses.RequestsMock(target="exporter.zapi.transport.Adapter.send") as mock:
        mock.get(URL, status=status, body=body)
        reading = a_client().read(an_instance("vendas"))
    assert isinstance(reading, Failure)
    assert reading.reason is reason
    assert "canary" not in reading.detail


def test_the_client_token_is_sent_and_ids_are_percent_encoded() -> None:
    with responses.RequestsMock(target="exporter.zapi.transport.Adapter.send") as mock:
        mock.get(f"{BASE}/instances/a%2Fb/token/c%3Fd/me", body='{"connected":true}')
        a_client().read(an_instance("x", instance_id="a/b", token="c?d", client_token="CT"))
        assert mock.calls[0].request.headers["Client-Token"] == "CT"


def test_an_instance_with_a_new_token_is_asked_for_with_it() -> None:
    """Also by a client that has asked for the instance before."""
    with responses.RequestsMock(target="exporter.zapi.transport.Adapter.send") as mock:
        for token in ("TOKEN", "OTHER"):
            mock.get(URL.replace("TOKEN", token), body='{"connected":true}')
        client = a_client()
        for token in ("TOKEN", "TOKEN", "OTHER"):
            client.read(an_instance("vendas", token=token))
        assert [call.request.url for call in mock.calls] == [URL, URL, URL.replace("TOKEN", "OTHER")]


BODY = b'{"id":"A","connected":true,"name":"one"}'
A, B = (an_instance("A", instance_id="A"), an_instance("B", instance_id="B"))


def test_the_same_bytes_are_read_anew_for_another_instance() -> None:
    with playing(*[answering(_reply(BODY))] * 2) as server:
        client = a_client(server.url)
        assert isinstance(client.read(A), Status)
        assert reason_of(client.read(B)) is Reason.WRONG_INSTANCE
        client.close()


def test_a_new_token_is_looked_for_in_a_reply_that_was_read_before() -> None:
    with playing(answering(*[_reply(BODY)] * 2)) as server:
        client = a_client(server.url)
        before = client.read(A)
        after = client.read(an_instance("A", instance_id="A", token="one"))
        client.close()
    assert isinstance(before, Status)
    assert isinstance(after, Status)
    assert (before.display_name, after.display_name) == ("one", None)


def test_what_was_forgotten_is_read_again() -> None:
    reply = _reply(b'{"connected":true}')
    with playing(*[answering(reply, reply)] * 2) as server:
        client = a_client(server.url)
        first = client.read(A)
        assert client.read(A) is first
        client.forget()
        assert client.read(A) is not first
        client.close()


def test_an_instance_that_is_kept_keeps_its_last_reply_and_no_other_does() -> None:
    reply = _reply(b'{"connected":true}')
    with playing(answering(*[reply] * 4)) as server:
        client = a_client(server.url)
        kept, gone = client.read(A), client.read(B)
        client.keep([A])
        assert client.read(A) is kept
        assert client.read(B) is not gone
        client.close()


def test_no_byte_of_a_reply_is_left_when_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of its body nor where it was received: a page of the queue tells what customers write."""
    stream = ReplayedStream([_reply(BODY)])
    monkeypatch.setattr(Route, "connect", lambda route, budget: stream)
    adapter = an_adapter(BASE)
    with adapter.send(a_request(BASE), timeout=60.0) as response:
        assert response.content == BODY
    adapter.close()
    assert response.content == bytes(len(BODY))
    assert stream.buffers
    assert not any(map(any, stream.buffers))


def _reply(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Wire:
    """A listener whose connections get the bytes a test gives them."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.listener.close()


def test_a_server_that_accepts_and_says_nothing_is_a_timeout(wire: Wire) -> None:
    reading = a_client(wire.url, timeout=0.3).read(an_instance("vendas"))
    assert reason_of(reading) is Reason.TIMEOUT


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{",
        b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n100001\r\n",
        b"Content-Length: 18446744073709551615\r\n\r\n{",
        b"Content-Length: 1048577\r\n\r\n",
    ],
)
@pytest.mark.parametrize(
    ("status", "reason"), [(b"200", Reason.TOO_LARGE), (b"503", Reason.SERVER_ERROR)], ids=["200", "503"]
)
def test_a_body_that_is_said_to_be_too_large_is_not_waited_for(
    head: bytes, status: bytes, reason: Reason
) -> None:
    """The server sends no more, and keeps the connection open until the client has closed it."""
    closed = threading.Event()

    def play(accepted: socket.socket) -> None:
        read_head(accepted)
        accepted.sendall(b"HTTP/1.1 " + status + b" X\r\n" + head)
        assert accepted.recv(1) == b""
        closed.set()

    with playing(play) as server:
        reading = a_client(server.url, timeout=3600.0).read(an_instance("vendas"))
        assert closed.wait(60.0)
    assert isinstance(reading, Failure)
    assert reading.reason is reason


def test_a_refused_connection_is_connect(wire: Wire) -> None:
    wire.listener.close()
    assert reason_of(a_client(wire.url).read(an_instance("vendas"))) is Reason.CONNECT


def test_tls_to_a_server_that_speaks_none_is_not_a_success(wire: Wire) -> None:
    url = wire.url.replace("http", "https")
    assert reason_of(a_client(url, timeout=0.3).read(an_instance("vendas"))) is Reason.TIMEOUT


def reason_of(reading: Reading) -> Reason:
    assert not isinstance(reading, Status)
    return reading.reason
