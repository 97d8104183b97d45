"""The collectors' requests against a server on a real socket."""

import itertools
import socket
from collections.abc import Iterator, Sequence

import pytest

from exporter.demo.faults import answer
from exporter.demo.instances import SimulatedInstance, SimulatedQueue
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Collector, MessageQueue, PhoneStatus, Reason, Session
from exporter.zapi.client import ZapiClient
from exporter.zapi.connection import AddressInfo, Resolver
from simulator.server import SimulatedZapi
from tests.builders import an_instance
from tests.clocks import ManualClock
from tests.unit.zapi.outcome import reason, said
from tests.unit.zapi.playing import a_client, answering, playing, reply

INSTANCE = an_instance("vendas", instance_id="ID", token="TOKEN", client_token="CT")


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    simulated = SimulatedInstance(
        id="ID", token="TOKEN", client_token="CT", due=1e9, created=1e9, queue=SimulatedQueue(3, 1.7e9)
    )
    with SimulatedZapi([simulated], clock=SystemClock()) as server:
        yield server
    assert server.unexpected == ()


@pytest.fixture
def client(zapi: SimulatedZapi) -> ZapiClient:
    return a_client(zapi.base_url)


def collect(client: ZapiClient, collector: Collector, timeout: float = 10.0) -> object:
    return client.collect(INSTANCE, collector, timeout)


def test_everything_is_asked_on_the_connection_of_me(client: ZapiClient, zapi: SimulatedZapi) -> None:
    assert said(client.read(INSTANCE)) is True
    assert collect(client, Collector.STATUS) == PhoneStatus(Session.CONNECTED, phone_online=True)
    assert collect(client, Collector.QUEUE) == MessageQueue(3, 1.7e9)
    assert said(client.read(INSTANCE)) is True
    assert (zapi.connections, zapi.requests["ID"]) == (1, 5)


def test_no_page_is_asked_for_where_no_message_waits(client: ZapiClient, zapi: SimulatedZapi) -> None:
    zapi.update("ID", queue=SimulatedQueue())
    assert collect(client, Collector.QUEUE) == MessageQueue(0, None)
    assert zapi.requests["ID"] == 1


RESOURCES = ((Collector.STATUS, "status"), (Collector.QUEUE, "queue/count"), (Collector.QUEUE, "queue"))
FAILURES = (
    (404, b"", Reason.NOT_FOUND),
    (405, b"", Reason.NOT_FOUND),
    (503, b"<html>", Reason.SERVER_ERROR),
    (429, b"", Reason.RATE_LIMITED),
    (403, b'{"error":"Client-Token CT not allowed"}', Reason.UNAUTHORIZED),
    (200, b"{", Reason.INVALID_RESPONSE),
)


def test_a_failure_of_each_request_has_its_reason(
    client: ZapiClient, zapi: SimulatedZapi, subtests: pytest.Subtests
) -> None:
    for (collector, resource), (status, body, expected) in itertools.product(RESOURCES, FAILURES):
        with subtests.test(resource, status=status):
            zapi.set_fault("ID", answer("a fault", status, body), resource)
            assert reason(collect(client, collector)) is expected
            assert said(client.read(INSTANCE)) is True
            zapi.set_fault("ID", None, resource)


@pytest.mark.parametrize(("each", "expected"), [(4.9, None), (5.0, Reason.TIMEOUT), (6.0, Reason.TIMEOUT)])
def test_both_requests_for_the_queue_share_its_time(each: float, expected: Reason | None) -> None:
    """Each looks the name up for a part of the 10 seconds."""
    clock = ManualClock()
    count, page = (reply(body, "Connection: close") for body in (b'{"count":3}', b'{"messages":[]}'))

    def lookup(host: str, port: int) -> Sequence[AddressInfo]:
        clock.advance(each)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (server.host, server.port))]

    with playing(answering(count), answering(page)) as server:
        client = a_client("http://zapi.example", 99.0, clock=clock, resolver=Resolver(lookup))
        assert reason(collect(client, Collector.QUEUE)) is expected


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_no_time_left_is_a_timeout(client: ZapiClient, left: float) -> None:
    """As that of the second request of a collector whose first took it all."""
    for _ in range(2):
        assert reason(collect(client, Collector.STATUS, left)) is Reason.TIMEOUT
        assert said(client.read(INSTANCE)) is True
