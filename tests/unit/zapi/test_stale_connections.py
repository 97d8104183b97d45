"""A connection that the server closed while nobody used it neither costs a poll its success nor blurs its failure."""

import socket
import threading

import pytest

from exporter.model.poll_result import Reason
from tests.builders import an_instance
from tests.unit.zapi.outcome import said
from tests.unit.zapi.playing import OWN, answering, playing, read_head, reply

INSTANCE = an_instance("vendas")


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        (OWN, True),
        (reply(b"", status="408 Request Timeout"), Reason.BAD_STATUS),
        (b"220 mail.example ESMTP\r\n", Reason.INVALID_RESPONSE),
    ],
)
@pytest.mark.parametrize("status", ["408 Request Timeout", "421 Misdirected Request"])
def test_a_status_of_the_connection_alone_is_asked_for_again_on_another(
    status: str, second: bytes, outcome: object
) -> None:
    """Once. Balancers say 408 to a connection that was idle for too long, while the next request is on its way."""
    with playing(answering(OWN, reply(b"", status=status)), answering(second)) as server:
        client = server.client()
        assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, outcome]
        assert server.connections == 2


def test_a_lost_connection_is_closed_before_another_one_is_made() -> None:
    """Where a server loses all connections at once, polls do not need twice as many descriptors."""
    closed = threading.Event()

    def lose(accepted: socket.socket) -> None:
        answering(OWN)(accepted)
        read_head(accepted)
        accepted.shutdown(socket.SHUT_WR)
        assert accepted.recv(1) == b""
        closed.set()

    def answer_then(accepted: socket.socket) -> None:
        read_head(accepted)
        if closed.wait(60):
            accepted.sendall(OWN)

    with playing(lose, answer_then) as server:
        client = server.client(20.0)
        assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, True]
