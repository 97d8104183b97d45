"""The server of the demo, over real sockets."""

import contextlib
import http.client
import json
import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from exporter.demo.api import SimulatedApi
from exporter.demo.faults import html_error
from exporter.demo.instances import Phase, SimulatedInstance, SimulatedQueue, Timeline
from exporter.demo.server import DemoServer
from tests.clocks import ManualClock

PHASES = Timeline((Phase(60.0, connected=False), Phase(60.0, fault=html_error(503))))


@pytest.fixture
def client(instance: SimulatedInstance, clock: ManualClock) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server of one instance, which answers 503 in every second minute."""
    served = replace(instance, client_token=None, queue=SimulatedQueue(2), timeline=PHASES)
    with contextlib.closing(DemoServer(SimulatedApi([served], clock))) as server:
        server.start()
        with contextlib.closing(http.client.HTTPConnection(server.base_url[7:], timeout=60)) as connection:
            yield connection


def ask(client: http.client.HTTPConnection, method: str, resource: str, body: str = "") -> tuple[int, bytes]:
    client.request(method, f"/instances/FACADE01/token/FACADE02/{resource}", body or None)
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


@contextlib.contextmanager
def no_descriptors_left() -> Iterator[Callable[[], None]]:
    """Gives what frees a single one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield lambda: os.close(taken.pop())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
