"""A process that has no file descriptor left, or few."""

import resource
import socket
from contextlib import ExitStack

import pytest

from harness.waiting import wait_until
from tests.descriptors import no_descriptors_left
from tests.unit.httpd.serving import PLAIN, REQUEST, Client, open_connections, place_of, serving


def newcomer() -> Client:
    """Return a client that has its descriptor, and connects later."""
    return Client(socket.socket())


def test_a_server_without_file_descriptors_waits_quietly_and_recovers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("exporter.httpd.server._PAUSE", 0.001)
    with serving() as server, PLAIN.client(server) as known, newcomer() as client:
        monkeypatch.setattr("exporter.httpd.limits.ConnectionLimiter.evict_one", lambda _: None)
        assert known.ask("/").status == 200
        with no_descriptors_left():
            client.socket.connect(place_of(server))
            wait_until(lambda: caplog.records != [])
            for _ in range(50):  # between attempts others have their turn
                assert known.ask("/").status == 200
        client.send(REQUEST)
        assert client.answer().status == 200
    told = [(record.getMessage(), vars(record)["error"]) for record in caplog.records]
    assert told == [("connections cannot be accepted; retrying", "Too many open files")]


def test_a_server_gives_a_slow_clients_descriptor_to_the_next() -> None:
    with serving() as server, PLAIN.client(server) as slow, newcomer() as client:
        slow.send(b"GET /")
        wait_until(lambda: open_connections(server.addresses[0]) == 1)
        with no_descriptors_left():
            client.socket.connect(place_of(server))
            client.send(REQUEST)
            assert client.answer().status == 200
        assert slow.was_closed()


def test_connections_take_at_most_half_of_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (64, 64))
    with serving() as server, ExitStack() as stack:
        slow = [stack.enter_context(PLAIN.client(server)) for _ in range(100)]
        assert stack.enter_context(PLAIN.client(server)).ask("/").status == 200
        wait_until(lambda: open_connections(server.addresses[0]) == 32)
        assert all(client.was_closed() for client in slow[:-32])
