"""New clients are answered whatever those before them do: at 50 silent connections a second, at any distance.

A client far away needs a round trip between two steps of its own. How many others connect meanwhile decides whether it
is dropped: so that many connect before each of its steps, and no time is measured.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import pytest

from exporter.httpd.limits import Cancellable, ConnectionLimiter
from exporter.httpd.message import Answer, Request, Response
from exporter.httpd.security import Security
from exporter.httpd.server import Server
from harness.waiting import wait_until
from tests.unit.httpd.serving import PATIENCE, USERS, Client, Transport, header, place_of, serving

pytestmark = pytest.mark.slow

PLACES: Final = 100
"""A fifth of what the server has, to be quick: so much more is asked of it."""
OTHERS: Final = PLACES + 8
"""Connections that hold every place there is."""
ARRIVING: Final = 10
"""Others that connect between two steps of a client that is 100 ms away and takes two round trips for each."""


@dataclass(frozen=True)
class Siege:
    """A server whose places are all taken, and those who take them."""

    transport: Transport
    server: Server
    accepted: list[Cancellable]
    headers: list[str]
    held: ExitStack = field(default_factory=ExitStack)

    def fill(self, prepare: Callable[[Client], object]) -> None:
        """Take every place, with clients that have done what ``prepare`` does."""
        for _ in range(OTHERS):
            prepare(self.held.enter_context(self.transport.client(self.server)))

    def ask(self, client: Client) -> int:
        return client.ask("/", *self.headers).status

    def answers_a_new_client(self) -> bool:
        """Whether it is answered though others connect while its steps are on the way."""
        connected = self.held.enter_context(socket.create_connection(place_of(self.server), PATIENCE))
        try:
            with Client(self.transport.wrap(connected, self._others_connect)) as client:
                self._others_connect()
                return self.ask(client) == 200
        except OSError:
            return False

    def _others_connect(self) -> None:
        expected = len(self.accepted) + ARRIVING
        for _ in range(ARRIVING):
            self.held.enter_context(socket.create_connection(place_of(self.server), PATIENCE))
        wait_until(lambda: len(self.accepted) >= expected, pause=0.001)


@pytest.fixture(params=["open", "password"])
def siege(
    request: pytest.FixtureRequest, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Siege]:
    accepted: list[Cancellable] = []
    register = ConnectionLimiter.register

    def noting(limiter: ConnectionLimiter, connection: Cancellable) -> None:
        register(limiter, connection)
        accepted.append(connection)

    monkeypatch.setattr(ConnectionLimiter, "register", noting)
    password = "right" if request.param == "password" else ""
    security = Security(tls=transport.server_tls, users=USERS if password else None)

    async def never() -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    def handler(asked: Request) -> Answer:
        return never if asked.path == "/slow" else Response(200, b"")

    with serving(handler, security=security, connections=PLACES) as server:
        siege = Siege(transport, server, accepted, [header("ana", password)] if password else [])
        with siege.held:
            yield siege


def drip_a_second_request(siege: Siege, client: Client) -> None:
    siege.ask(client)
    client.send(b"GET /")


@pytest.mark.parametrize(
    "prepare",
    [Siege.ask, lambda siege, client: None, drip_a_second_request],
    ids=["idle after an answer", "silent", "dripping a second request"],
)
def test_clients_without_a_whole_request_keep_nobody_out(
    siege: Siege, prepare: Callable[[Siege, Client], object]
) -> None:
    siege.fill(partial(prepare, siege))
    assert siege.answers_a_new_client()


def test_clients_whose_response_takes_long_keep_nobody_out(siege: Siege) -> None:
    slow = "\r\n".join(["GET /slow HTTP/1.1", "Host: test", *siege.headers, "", ""]).encode()
    assert siege.ask(siege.held.enter_context(siege.transport.client(siege.server))) == 200
    siege.fill(lambda client: client.send(slow))
    assert siege.answers_a_new_client()
