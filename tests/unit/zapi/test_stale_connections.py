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
from exporter.model.poll_result import Failure, Reason, Status
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from simulator.server import SimulatedZapi
from simulator.wire_faults import closed_on_next_request, raw, stale_keep_alive
from tests.builders import an_instance
from tests.unit.zapi.playing import answering, playing, read_head

OWN = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"connected":true}'


def simulated(instance_id: str) -> SimulatedInstance:
    now = time.time()
    return SimulatedInstance(id=instance_id, token="TOKEN", due=now, created=now)


@pytest.mark.parametrize("fault", stale_keep_alive(), ids=lambda fault: fault.name)
@pytest.mark.parametrize("over_tls", [False, True], ids=["http", "https"])
def test_every_poll_over_a_connection_that_did_not_last_succeeds(fault: Fault, over_tls: bool) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with SimulatedZapi([simulated("ID-vendas")], clock=SystemClock(), tls=tls if over_tls else None) as zapi:
        zapi.set_fault("ID-vendas", fault)
        client = ZapiClient(
            Api(zapi.base_url, 10.0, authority.cert_pem.bytes().decode()), clock=SystemClock()
        )
        readings = [client.read(an_instance("vendas")) for _ in range(5)]
        client.close()
    assert [reading for reading in readings if not isinstance(reading, Status)] == []


def test_a_failure_after_a_second_try_has_its_own_reason() -> None:
    with SimulatedZapi([simulated("ID-vendas"), simulated("ID-suporte")], clock=SystemClock()) as zapi:
        zapi.set_fault("ID-vendas", closed_on_next_request())
        zapi.set_fault("ID-suporte", raw("no HTTP", b"220 mail.example ESMTP\r\n"))
        client = ZapiClient(Api(zapi.base_url, 10.0, None), clock=SystemClock())
        client.read(an_instance("vendas"))
        reading = client.read(an_instance("suporte"))
        client.close()
    assert isinstance(reading, Failure)
    assert reading.reason is Reason.INVALID_RESPONSE


@pytest.mark.parametrize("status", [b"408 Request Timeout", b"421 Misdirected Request"])
def test_a_status_of_the_connection_alone_is_asked_for_again_on_another(status: bytes) -> None:
    """Balancers say 408 to a connection that was idle for too long, while the next request is on its way."""
    refused = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    with playing(answering(OWN, refused), answering(OWN)) as server:
        client = ZapiClient(Api(server.url, 10.0, None), clock=SystemClock())
        readings = [client.read(an_instance("vendas")) for _ in range(2)]
        client.close()
        assert all(isinstance(reading, Status) for reading in readings), readings
        assert server.connections == 2


def test_a_status_of_the_connection_that_is_new_is_told() -> None:
    refused = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    with playing(answering(OWN, refused), answering(refused)) as server:
        client = ZapiClient(Api(server.url, 10.0, None), clock=SystemClock())
        readings = [client.read(an_instance("vendas")) for _ in range(2)]
        client.close()
        assert isinstance(readings[1], Failure)
        assert readings[1].reason is Reason.BAD_STATUS


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
        client = ZapiClient(Api(server.url, 20.0, None), clock=SystemClock())
        readings = [client.read(an_instance("vendas")) for _ in range(2)]
        client.close()
        assert all(isinstance(reading, Status) for reading in readings), readings
