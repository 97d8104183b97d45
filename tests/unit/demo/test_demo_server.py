"""The server of the demo, over real sockets."""

import contextlib
import http.client
import json
from collections.abc import Iterator

import pytest

from exporter.demo.api import SimulatedApi
from exporter.demo.faults import html_error
from exporter.demo.instances import Phase, SimulatedInstance, SimulatedQueue, Timeline
from exporter.demo.server import DemoServer
from tests.clocks import ManualClock
from tests.descriptors import no_descriptors_left

PHASES = Timeline((Phase(60.0, connected=False), Phase(60.0, fault=html_error(503))))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def client(clock: ManualClock) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server of one instance, which answers 503 in every second minute."""
    served = SimulatedInstance(
        id="FACADE01",
        token="FACADE02",
        client_token="FACADE03",
        due=1.7e9,
        created=1.6e9,
        queue=SimulatedQueue(2),
        timeline=PHASES,
    )
    with contextlib.closing(DemoServer(SimulatedApi([served], clock))) as server:
        server.start()
        with contextlib.closing(http.client.HTTPConnection(server.base_url[7:], timeout=60)) as connection:
            yield connection


def ask(
    client: http.client.HTTPConnection,
    method: str,
    resource: str,
    body: str = "",
    *,
    token: str = "FACADE02",
    client_token: str | None = "FACADE03",
) -> tuple[int, bytes]:
    headers = {} if client_token is None else {"Client-Token": client_token}
    client.request(method, f"/instances/FACADE01/token/{token}/{resource}", body or None, headers)
    response = client.getresponse()
    return response.status, response.read()


def test_requests_are_answered_on_one_connection(client: http.client.HTTPConnection) -> None:
    for _ in range(3):
        status, body = ask(client, "GET", "me")
        assert (status, json.loads(body)["id"]) == (200, "FACADE01")
        status, body = ask(client, "POST", "queue", '{"pageSize": 1}')
        assert (status, len(json.loads(body)["messages"])) == (200, 1)
        own = client.sock
    assert client.sock is own


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ({"token": "WRONG"}, 404, "Instance not found"),
        ({"resource": "else"}, 404, "NOT_FOUND"),
        ({"client_token": "WRONG"}, 403, "Client-Token WRONG not allowed"),
        ({"client_token": ""}, 403, "null not allowed"),
        ({"client_token": None}, 400, "your client-token is not configured"),
        ({"method": "POST"}, 405, "Method Not Allowed"),
    ],
)
def test_a_wrong_request_gets_the_real_refusal(
    client: http.client.HTTPConnection, how: dict[str, str], status: int, error: str
) -> None:
    answered, body = ask(client, **{"method": "GET", "resource": "me", **how})
    assert (answered, json.loads(body)) == (status, {"error": error})


def test_replies_follow_the_phases(client: http.client.HTTPConnection, clock: ManualClock) -> None:
    clock.advance(60.0)
    assert ask(client, "GET", "me")[0] == 503
    clock.advance(60.0)
    status, body = ask(client, "GET", "me")
    assert (status, json.loads(body)["connected"]) == (200, False)


def test_it_serves_again_once_there_are_descriptors(client: http.client.HTTPConnection) -> None:
    with no_descriptors_left() as free_one:
        free_one()
        client.connect()
    assert ask(client, "GET", "me")[0] == 200
