"""Clients that are slow on purpose, and one that is not."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from exporter.httpd.message import Request, Response
from exporter.httpd.server import Server
from harness.waiting import wait_until
from tests.unit.httpd.serving import PATIENCE, REQUEST, Client, Transport, open_connections, place_of


@contextmanager
def crowd_of(server: Server, size: int) -> Iterator[list[socket.socket]]:
    """Clients that have connected and said nothing."""
    with ExitStack() as stack:
        connected = (socket.create_connection(place_of(server), PATIENCE) for _ in range(size))
        yield [stack.enter_context(client) for client in connected]


def drip(clients: list[socket.socket], byte: bytes) -> int:
    """Sends one byte on every connection that is still open; how many there are."""
    sent = 0
    for client in clients:
        with suppress(OSError):
            sent += client.send(byte)
    return sent


def assert_answers(transport: Transport, server: Server) -> None:
    for path in ("/metrics", "/-/healthy"):
        with transport.client(server) as client:
            assert client.ask(path).status == 200


def test_the_oldest_client_without_a_request_makes_room_first(transport: Transport) -> None:
    with transport.serving(connections=3) as server, transport.client(server) as good:
        for _ in range(3):
            assert good.ask("/").status == 200
            with transport.client(server) as gone:
                assert gone.ask("/").status == 200
            wait_until(lambda: open_connections(server.addresses[0]) == 1)
        with crowd_of(server, 3) as slow:
            assert Client(slow[0]).was_closed()
            assert good.ask("/").status == 200
            assert drip(slow[1:], b"x") == 2


@pytest.mark.parametrize(
    ("limits", "begun"),
    [
        ({"head": 1.0}, b"GET / HTTP/1.1\r\nX: "),
        ({"head": 1.0}, REQUEST),
        ({"body": 0.3}, b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n"),
        ({"linger": 0.3}, b"GET / HTTP/1.0\r\n\r\n"),
    ],
    ids=["the first head", "the second head", "the body", "the end"],
)
def test_what_never_ends_is_given_up_however_often_a_byte_comes(
    transport: Transport, limits: dict[str, Any], begun: bytes
) -> None:
    with transport.serving(**limits) as server, transport.client(server) as client:
        client.send(begun)
        wait_until(lambda: drip([client.socket], b"x") == 0)


def test_a_handshake_that_never_ends_is_given_up(transport: Transport) -> None:
    limits: dict[str, Any] = {"handshake" if transport.server_tls else "head": 0.3}
    with transport.serving(**limits) as server, crowd_of(server, 20) as slow:
        drip(slow, b"\x16" if transport.server_tls else b"G")
        assert all(Client(client).was_closed() for client in slow)


def test_an_idle_connection_is_closed(transport: Transport) -> None:
    with transport.serving(idle=0.2) as server, transport.client(server) as client:
        assert client.ask("/").status == 200
        assert client.was_closed()


LARGE = bytes(20_000_000)


def answer_large(request: Request) -> Response:
    return Response(200, LARGE if request.path == "/large" else b"")


def test_a_large_answer_has_more_time_than_any_answer_gets(transport: Transport) -> None:
    """Without the seconds for its size the answer would be given up before its first byte."""
    serving = transport.serving(answer_large, write=0.0, write_rate=len(LARGE) // 3600)
    with serving as server, transport.client(server) as client:
        assert client.ask("/large").body == LARGE


@contextmanager
def deaf_clients(transport: Transport, **limits: Any) -> Iterator[tuple[Server, list[Client]]]:
    """A server, and clients that do not read the large answer they asked for."""
    with transport.serving(answer_large, **limits) as server, ExitStack() as stack:
        deaf = [stack.enter_context(transport.client(server)) for _ in range(5)]
        for client in deaf:
            client.send(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n")
        yield server, deaf


def test_clients_that_do_not_read_stop_nobody(transport: Transport) -> None:
    with deaf_clients(transport) as (server, _):
        assert_answers(transport, server)


def test_a_client_that_does_not_read_is_given_up(transport: Transport) -> None:
    with deaf_clients(transport, write=0.2, write_rate=len(LARGE) * 10) as (server, deaf):
        assert_answers(transport, server)  # so that all of them were let in
        wait_until(lambda: open_connections(server.addresses[0]) == 0)
        assert all(received_by(client) < len(LARGE) for client in deaf)


def test_all_answers_together_are_bounded_in_memory(transport: Transport) -> None:
    def handler(request: Request) -> Response:
        return Response(200, bytes(len(LARGE)))

    with transport.serving(handler, unsent_bytes=len(LARGE) * 2) as server, ExitStack() as stack:
        oldest, second, newest = (stack.enter_context(transport.client(server)) for _ in range(3))
        for client in (oldest, second):
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            client.socket.recv(1)  # the answer has begun
        assert newest.ask("/").body == LARGE
        assert received_by(oldest) < len(LARGE) <= received_by(second)


def test_answers_that_share_their_text_take_its_memory_once(transport: Transport) -> None:
    def handler(request: Request) -> Response:
        return Response(200, b"own", shared=(LARGE,))

    with transport.serving(handler, unsent_bytes=len(LARGE) * 2) as server, ExitStack() as stack:
        readers = [stack.enter_context(transport.client(server)) for _ in range(5)]
        for client in readers:
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            client.socket.recv(1)  # the answer has begun
        assert all(received_by(client) > len(LARGE) for client in readers)


def received_by(client: Client) -> int:
    """How many bytes come until the server ends the connection."""
    received = 0
    try:
        while chunk := client.socket.recv(1_000_000):
            received += len(chunk)
    except OSError:
        pass
    return received
