"""A connection that the server closed while nobody used it neither costs a poll its success nor blurs its failure."""

import socket
import ssl
import threading
import time

import pytest
import trustme

from exporter.demo.faults import Fault
from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Reason
from simulator.server import SimulatedZapi
from simulator.wire_faults import stale_keep_alive
from tests.builders import an_instance
from tests.unit.zapi.outcome import said
from tests.unit.zapi.playing import OWN, a_client, answering, playing, read_head

INSTANCE = an_instance("vendas")


@pytest.mark.parametrize("fault", stale_keep_alive(), ids=lambda fault: fault.name)
@pytest.mark.parametrize("over_tls", [False, True], ids=["http", "https"])
def test_every_poll_over_a_connection_that_did_not_last_succeeds(
    fault: Fault, over_tls: bool, authority: trustme.CA
) -> None:
    tls, now = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), time.time()
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    simulated = SimulatedInstance(id="ID-vendas", token="TOKEN", due=now, created=now)
    with SimulatedZapi([simulated], clock=SystemClock(), tls=tls if over_tls else None) as zapi:
        zapi.set_fault("ID-vendas", fault)
        client = a_client(zapi.base_url, 10.0, authority.cert_pem.bytes().decode())
        assert [said(client.read(INSTANCE)) for _ in range(5)] == [True] * 5


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        (OWN, True),
        (b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", Reason.BAD_STATUS),
        (b"220 mail.example ESMTP\r\n", Reason.INVALID_RESPONSE),
    ],
)
@pytest.mark.parametrize("status", [b"408 Request Timeout", b"421 Misdirected Request"])
def test_a_status_of_the_connection_alone_is_asked_for_again_on_another(
    status: bytes, second: bytes, outcome: object
) -> None:
    """Once. Balancers say 408 to a connection that was idle for too long, while the next request is on its way."""
    refused = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    with playing(answering(OWN, refused), answering(second)) as server:
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
