"""Paths that forget a connection, servers that are slow, and addresses that move."""

import socket
import threading
from collections.abc import Sequence
from typing import cast

import pytest

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure, Reason, Status
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from exporter.zapi.resolver import AddressInfo, Resolver
from exporter.zapi.stream import Stream
from harness.ports import unreachable_port
from simulator.packet_filter import drop_packets
from tests.builders import an_instance
from tests.clocks import ManualClock
from tests.unit.zapi.playing import Play, answering, playing, read_head

INSTANCE = an_instance("vendas")
OWN = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"connected":true}'
PATIENCE = 60.0


def forgotten_after(answers: int, muted: threading.Event) -> Play:
    def play(accepted: socket.socket) -> None:
        answering(*[OWN] * answers)(accepted)
        drop_packets(accepted)
        muted.set()
        accepted.settimeout(PATIENCE)
        accepted.recv(1)  # never comes

    return play


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_path_that_forgot_the_connection_costs_no_poll(tls: bool) -> None:
    """The system of the server does not acknowledge the request, so it is sent again over a new connection."""
    muted = threading.Event()
    plays = (forgotten_after(2, muted), answering(OWN, OWN))
    with playing(*plays, tls=tls) as server:
        client = ZapiClient(Api(server.url, 12.0, server.ca_pem), clock=SystemClock())
        before = [client.read(INSTANCE) for _ in range(2)]
        assert muted.wait(PATIENCE)
        after = [client.read(INSTANCE) for _ in range(2)]
        client.close()
        assert all(isinstance(reading, Status) for reading in (*before, *after)), (before, after)
        assert server.connections == 2


def test_the_system_probes_an_idle_connection_and_gives_up_an_unheard_one() -> None:
    """Every 10 s after 30 s, three times: NATs and balancers forget idle connections after minutes."""
    with socket.socket() as sock:
        stream = Stream(sock)
        stream.limit_unacknowledged(2.5)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert [
            sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_KEEPIDLE,
                socket.TCP_KEEPINTVL,
                socket.TCP_KEEPCNT,
                socket.TCP_USER_TIMEOUT,
                socket.TCP_NODELAY,
            )
        ] == [30, 10, 3, 2500, 1]


def test_a_path_that_is_mute_for_new_connections_too_is_a_timeout() -> None:
    muted = threading.Event()

    def mute_from_the_beginning(accepted: socket.socket) -> None:
        drop_packets(accepted)
        accepted.settimeout(PATIENCE)
        while accepted.recv(65_536):  # what came before it was mute
            pass

    with playing(forgotten_after(1, muted), mute_from_the_beginning, answering(OWN)) as server:
        client = ZapiClient(Api(server.url, 2.0, None), clock=SystemClock())
        assert isinstance(client.read(INSTANCE), Status)
        assert muted.wait(PATIENCE)
        failure = client.read(INSTANCE)
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.TIMEOUT
        assert server.connections == 2
        assert isinstance(client.read(INSTANCE), Status)
        client.close()


@pytest.mark.parametrize("kept_alive", [False, True])
def test_a_server_that_is_slow_has_the_whole_time(kept_alive: bool) -> None:
    """Its system acknowledges the request, so nothing is sent twice."""
    heads: list[bytes] = []

    def slowly(accepted: socket.socket) -> None:
        answering(*[OWN] * kept_alive)(accepted)
        heads.append(read_head(accepted))
        accepted.settimeout(3.0)
        with pytest.raises(TimeoutError):
            heads.append(accepted.recv(1))
        accepted.sendall(OWN)

    with playing(slowly, answering(OWN)) as server:
        client = ZapiClient(Api(server.url, 8.0, None), clock=SystemClock())
        readings = [client.read(INSTANCE) for _ in range(1 + kept_alive)]
        client.close()
        assert all(isinstance(reading, Status) for reading in readings), readings
        assert (server.connections, len(heads)) == (1, 1)


def lost_after(part: bytes, *before: bytes) -> Play:
    def play(accepted: socket.socket) -> None:
        answering(*before)(accepted)
        read_head(accepted)
        accepted.sendall(part)

    return play


@pytest.mark.parametrize(
    ("plays", "outcome", "connections"),
    [
        ((lost_after(b"", OWN), answering(OWN)), None, 2),
        ((lost_after(b"", OWN), lost_after(b""), answering(OWN)), Reason.CONNECT, 2),
        ((lost_after(b"H", OWN), answering(OWN)), Reason.INVALID_RESPONSE, 1),
    ],
    ids=["before a byte", "twice", "after a byte"],
)
def test_a_request_is_sent_again_once_and_only_unheard(
    plays: Sequence[Play], outcome: Reason | None, connections: int
) -> None:
    with playing(*plays) as server:
        client = ZapiClient(Api(server.url, PATIENCE, None), clock=SystemClock())
        assert isinstance(client.read(INSTANCE), Status)
        reading = client.read(INSTANCE)
        client.close()
        assert (reading.reason if isinstance(reading, Failure) else None) is outcome
        assert server.connections == connections


def test_a_new_connection_that_is_lost_is_not_tried_again() -> None:
    with playing(lost_after(b""), answering(OWN)) as server:
        client = ZapiClient(Api(server.url, PATIENCE, None), clock=SystemClock())
        reading = client.read(INSTANCE)
        client.close()
        assert isinstance(reading, Failure)
        assert (reading.reason, server.connections) == (Reason.CONNECT, 1)


class Names:
    """Says where ``zapi.example`` is."""

    def __init__(self, port: int) -> None:
        self.address = "127.0.0.1"
        self._port = port

    def look_up(self, host: str, port: int) -> Sequence[AddressInfo]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.address, self._port))]


def test_an_address_that_moved_is_followed_within_five_minutes() -> None:
    """Although the old one still answers."""
    clock, many = ManualClock(), answering(*[OWN] * 10)
    with playing(many, many) as old, playing(many, many, host="127.0.0.2", port=old.port) as new:
        names = Names(old.port)
        api = Api("http://zapi.example", PATIENCE, None)
        client = ZapiClient(api, clock=clock, resolver=Resolver(names.look_up))
        client.read(INSTANCE)
        names.address = new.host
        clock.advance(299.0)
        assert isinstance(client.read(INSTANCE), Status)
        assert (old.connections, new.connections) == (1, 0)
        clock.advance(1.0)
        assert isinstance(client.read(INSTANCE), Status)
        assert (old.connections, new.connections) == (1, 1)
        client.close()


def test_an_address_that_moved_is_followed_by_a_reload() -> None:
    many = answering(*[OWN] * 10)
    with playing(many) as old, playing(many, host="127.0.0.2", port=old.port) as new:
        names = Names(old.port)
        api = Api("http://zapi.example", PATIENCE, None)
        client = ZapiClient(api, clock=ManualClock(), resolver=Resolver(names.look_up))
        client.read(INSTANCE)
        names.address = new.host
        client.forget()
        assert isinstance(client.read(INSTANCE), Status)
        assert (old.connections, new.connections) == (1, 1)
        client.close()


def test_an_address_of_a_family_that_the_machine_lacks_is_passed_over() -> None:
    """As those of IPv6 are where it is switched off in the kernel, though its name servers tell them."""
    with playing(answering(OWN)) as server:

        def lookup(host: str, port: int) -> Sequence[AddressInfo]:
            lacking = cast("socket.AddressFamily", 99)
            return [
                (lacking, socket.SOCK_STREAM, 0, "", (host, port)),
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", (server.host, port)),
            ]

        api = Api(f"http://zapi.example:{server.port}", PATIENCE, None)
        client = ZapiClient(api, clock=SystemClock(), resolver=Resolver(lookup))
        assert isinstance(client.read(INSTANCE), Status)
        client.close()


def test_an_address_that_hangs_leaves_the_next_one_its_share_of_the_time() -> None:
    """One of two addresses gets half of ``api.timeout``, which is then enough for the other one."""
    with unreachable_port() as dead, playing(answering(OWN)) as server:

        def lookup(host: str, port: int) -> Sequence[AddressInfo]:
            addresses = [("127.0.0.1", dead), (server.host, server.port)]
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]

        api = Api(f"http://zapi.example:{server.port}", 4.0, None)
        client = ZapiClient(api, clock=SystemClock(), resolver=Resolver(lookup))
        assert isinstance(client.read(INSTANCE), Status)
        client.close()
