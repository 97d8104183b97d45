"""One poll against a server that is simulated on a real socket, with what goes wrong on the way."""

import socket
import struct

import pytest
import responses

from exporter.model.poll_result import Failure, Reason, Status
from exporter.zapi.client import MAX_KEPT
from exporter.zapi.connection import Route
from tests.builders import an_instance
from tests.unit.zapi.outcome import reason, said
from tests.unit.zapi.playing import (
    BODY,
    OWN,
    Play,
    a_client,
    a_request,
    an_adapter,
    answering,
    playing,
    reply,
)
from tests.unit.zapi.replaying import ReplayedStream

BASE = "http://zapi.example"
URL = f"{BASE}/instances/ID-vendas/token/TOKEN/me"
A, B = (an_instance("A", instance_id="A"), an_instance("B", instance_id="B"))


def test_an_instance_with_a_new_token_is_asked_for_with_it() -> None:
    """Also by a client that has asked for the instance before."""
    with responses.RequestsMock(target="exporter.zapi.transport.Adapter.send") as mock:
        for token in ("TOKEN", "OTHER"):
            mock.get(URL.replace("TOKEN", token), body=BODY)
        client = a_client(BASE)
        for token in ("TOKEN", "TOKEN", "OTHER"):
            client.read(an_instance("vendas", token=token))
        assert [call.request.url for call in mock.calls] == [URL, URL, URL.replace("TOKEN", "OTHER")]


@pytest.mark.parametrize("status", ["201 Created", "206 Partial Content", "299 Unknown"])
def test_a_success_is_read_whichever_it_is(status: str) -> None:
    with playing(answering(reply(b'{"connected":true}', status=status))) as server:
        assert isinstance(server.client().read(A), Status)


def test_a_wait_that_the_server_asks_for_is_passed_on() -> None:
    busy = reply(b"", "Retry-After: 7", status="429 Too Many Requests")
    with playing(answering(busy)) as server:
        failure = server.client().read(A)
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.retry_after) == (Reason.RATE_LIMITED, 7)


NAMED = b'{"id":"A","connected":true,"name":"one"}'


@pytest.mark.parametrize(
    ("body", "is_kept"),
    [
        (NAMED, True),
        (NAMED.ljust(MAX_KEPT), True),
        (NAMED.ljust(MAX_KEPT + 1), False),
        (b"", False),
        (b"nonsense", False),
        (b'{"error":"Instance not found"}', False),
    ],
    ids=range(6),
)
def test_equal_bytes_give_the_very_status_that_was_read_before(body: bytes, is_kept: bool) -> None:
    """Unless they are many, or a failure."""
    with playing(answering(*[reply(body)] * 2)) as server:
        client = server.client()
        assert (client.read(A) is client.read(A)) is is_kept


def test_a_reply_that_changed_and_changed_back_is_read_each_time() -> None:
    names = ["one", "two", "one"]
    with playing(answering(*[reply(NAMED.replace(b"one", name.encode())) for name in names])) as server:
        client = server.client()
        readings = [client.read(A) for _ in names]
    assert [reading.display_name for reading in readings if isinstance(reading, Status)] == names


def test_the_same_bytes_are_read_anew_for_another_instance() -> None:
    with playing(answering(*[reply(NAMED)] * 2)) as server:
        client = server.client()
        assert said(client.read(A)) is True
        assert said(client.read(B)) is Reason.WRONG_INSTANCE


def test_a_new_token_is_looked_for_in_a_reply_that_was_read_before() -> None:
    with playing(answering(*[reply(NAMED)] * 2)) as server:
        client = server.client()
        readings = [client.read(A), client.read(an_instance("A", instance_id="A", token="one"))]
    assert [reading.display_name for reading in readings if isinstance(reading, Status)] == ["one", None]


def test_what_was_forgotten_is_read_again() -> None:
    with playing(*[answering(OWN, OWN)] * 2) as server:
        client = server.client()
        first = client.read(A)
        assert client.read(A) is first
        client.forget()
        assert client.read(A) is not first
        assert server.connections == 2


def test_an_instance_that_is_kept_keeps_its_last_reply_and_no_other_does() -> None:
    with playing(answering(*[OWN] * 4)) as server:
        client = server.client()
        kept, gone = client.read(A), client.read(B)
        client.keep([A])
        assert client.read(A) is kept
        assert client.read(B) is not gone


@pytest.mark.parametrize("error", [BrokenPipeError, ConnectionResetError])
def test_a_reply_that_came_before_its_request_was_read_counts(
    error: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no byte of it is left when it was read: a page of the queue tells what customers write."""

    def refuse(*data: object) -> None:
        raise error

    stream = ReplayedStream([OWN])
    monkeypatch.setattr(Route, "connect", lambda route, budget: stream)
    monkeypatch.setattr(stream, "send", refuse)
    with an_adapter(BASE).send(a_request(BASE), timeout=60.0) as response:
        assert response.content == BODY
    assert response.content == bytes(len(BODY))
    assert stream.buffers
    assert not any(map(any, stream.buffers))


def says_nothing(accepted: socket.socket) -> None:
    while accepted.recv(65_536):
        pass


def closes(accepted: socket.socket) -> None:
    accepted.recv(65_536)


def resets(accepted: socket.socket) -> None:
    accepted.recv(65_536)
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("play", "expected"),
    [(says_nothing, Reason.TIMEOUT), (closes, Reason.CONNECT), (resets, Reason.CONNECT)],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_does_not_answer_has_its_reason(play: Play, expected: Reason, scheme: str) -> None:
    """For https within the handshake, where a close and a reset are the same to a poll too."""
    with playing(play) as server:
        timeout = 0.3 if expected is Reason.TIMEOUT else 60.0
        assert reason(a_client(f"{scheme}://{server.host}:{server.port}", timeout).read(A)) is expected


def test_a_refused_connection_is_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert reason(a_client(f"http://127.0.0.1:{port}").read(A)) is Reason.CONNECT
