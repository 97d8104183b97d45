"""The collectors' requests against a server on a real socket."""

import dataclasses
import socket
from collections.abc import Iterator, Sequence

import pytest

from exporter.demo.faults import answer, html_error
from exporter.demo.instances import SimulatedInstance, SimulatedQueue
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Collector, Failure, MessageQueue, PhoneStatus, Reason, Session, Status
from exporter.model.settings import Api, Instance
from exporter.zapi.client import ZapiClient
from exporter.zapi.resolver import AddressInfo, Resolver
from simulator.server import SimulatedZapi
from simulator.wire_faults import silence
from tests.builders import an_instance
from tests.clocks import ManualClock
from tests.unit.zapi.scripted import scripted

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
def client(zapi: SimulatedZapi) -> Iterator[ZapiClient]:
    client = ZapiClient(Api(zapi.base_url, 10.0, None), clock=SystemClock())
    yield client
    client.close()


def collect(client: ZapiClient, collector: Collector, instance: Instance = INSTANCE) -> object:
    return client.collect(instance, collector, 10.0)


def test_everything_is_asked_on_the_connection_of_me(client: ZapiClient, zapi: SimulatedZapi) -> None:
    assert isinstance(client.read(INSTANCE), Status)
    assert collect(client, Collector.STATUS) == PhoneStatus(Session.CONNECTED, phone_online=True)
    assert collect(client, Collector.QUEUE) == MessageQueue(3, 1.7e9)
    assert isinstance(client.read(INSTANCE), Status)
    assert (zapi.connections, zapi.requests["ID"]) == (1, 5)


def test_no_page_is_asked_for_where_no_message_waits(client: ZapiClient, zapi: SimulatedZapi) -> None:
    zapi.update("ID", queue=SimulatedQueue())
    assert collect(client, Collector.QUEUE) == MessageQueue(0, None)
    assert zapi.requests["ID"] == 1


def test_a_session_that_can_be_restored_is_told(client: ZapiClient, zapi: SimulatedZapi) -> None:
    zapi.update("ID", connected=False, restorable=True, phone_online=False)
    assert collect(client, Collector.STATUS) == PhoneStatus(Session.RESTORABLE, phone_online=False)


@pytest.mark.parametrize(
    ("collector", "resource"), [("status", "status"), ("queue", "queue/count"), ("queue", "queue")]
)
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b'{"error":"NOT_FOUND"}', Reason.NOT_FOUND),
        (405, b"", Reason.NOT_FOUND),
        (503, b"<html>", Reason.SERVER_ERROR),
        (429, b"", Reason.RATE_LIMITED),
        (403, b'{"error":"Client-Token CT not allowed"}', Reason.UNAUTHORIZED),
        (200, b"{", Reason.INVALID_RESPONSE),
    ],
)
def test_a_failure_of_each_request_has_its_reason(
    client: ZapiClient,
    zapi: SimulatedZapi,
    collector: str,
    resource: str,
    status: int,
    body: bytes,
    reason: Reason,
) -> None:
    zapi.set_fault("ID", answer("a fault", status, body), resource)
    failure = collect(client, Collector(collector))
    assert isinstance(failure, Failure)
    assert failure.reason is reason
    assert isinstance(client.read(INSTANCE), Status)


def test_what_hangs_has_its_own_time_and_no_more(client: ZapiClient, zapi: SimulatedZapi) -> None:
    zapi.set_fault("ID", silence(), "queue")
    failure = client.collect(INSTANCE, Collector.QUEUE, 0.2)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.TIMEOUT


def test_both_requests_for_the_queue_share_its_time() -> None:
    """Each looks the name up for 6 of the 10 seconds."""
    clock = ManualClock()
    count, page = (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        for body in (b'{"count":3}', b'{"messages":[]}')
    )

    def lookup(host: str, port: int) -> Sequence[AddressInfo]:
        clock.advance(6.0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server.port))]

    with scripted([count], [page]) as server:
        client = ZapiClient(Api("http://zapi.example", 99.0, None), clock=clock, resolver=Resolver(lookup))
        failure = client.collect(INSTANCE, Collector.QUEUE, 10.0)
        client.close()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.TIMEOUT


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_no_time_left_is_a_timeout(client: ZapiClient, left: float) -> None:
    """As that of the second request of a collector whose first took it all."""
    for _ in range(2):
        failure = client.collect(INSTANCE, Collector.STATUS, left)
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.TIMEOUT
        assert isinstance(client.read(INSTANCE), Status)


def test_an_outage_spoils_the_collectors_too(client: ZapiClient, zapi: SimulatedZapi) -> None:
    for resource in ("me", "status"):
        zapi.set_fault("ID", html_error(502), resource)
    assert isinstance(collect(client, Collector.STATUS), Failure)


def test_a_wrong_token_is_refused(client: ZapiClient) -> None:
    wrong = dataclasses.replace(INSTANCE, client_token=None)
    failure = collect(client, Collector.STATUS, wrong)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.UNAUTHORIZED
