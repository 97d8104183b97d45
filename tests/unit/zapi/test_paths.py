"""Paths that forget a connection, servers that are slow, and addresses that move."""

import socket
import struct
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Reason
from exporter.zapi.connection import AddressInfo, Resolver
from exporter.zapi.stream import Budget, Stream
from exporter.zapi.transport import Adapter
from harness.ports import unreachable_port
from simulator.packet_filter import drop_packets
from tests.builders import an_instance
from tests.clocks import ManualClock
from tests.unit.zapi.outcome import said
from tests.unit.zapi.playing import (
    OWN,
    PATIENCE,
    Play,
    a_client,
    a_request,
    a_route,
    answering,
    playing,
    read_head,
    reply,
)

INSTANCE = an_instance("vendas")


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
    with playing(forgotten_after(2, muted), answering(OWN, OWN), tls=tls) as server:
        client = server.client(12.0)
        for _ in range(2):
            assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, True]
            assert muted.wait(PATIENCE)
        assert server.connections == 2


def test_the_system_probes_an_idle_connection_and_gives_up_an_unheard_one() -> None:
    """Every 10 s after 30 s, three times: NATs and balancers forget idle connections after minutes."""
    with socket.socket() as sock:
        stream = Stream(sock)
        stream.limit_unacknowledged(2.5)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        options = {"KEEPIDLE": 30, "KEEPINTVL": 10, "KEEPCNT": 3, "USER_TIMEOUT": 2500, "NODELAY": 1}
        for name, value in options.items():
            assert sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}")) == value


def test_what_the_system_does_not_take_at_once_is_sent_as_it_is_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as at_once:
        sock = socket.socket()
        stream = Stream(sock)
        stream.connect(listener.getsockname(), PATIENCE)
        with listener.accept()[0] as peer:
            with pytest.raises(TimeoutError):
                stream.send(bytes(20_000_000), Budget(SystemClock(), 0.01, 0))
            received = at_once.submit(lambda: sum(map(len, iter(lambda: peer.recv(1 << 20), b""))))
            stream.send(bytes(20_000_000), Budget(SystemClock(), PATIENCE, 0))
            assert not sock.getblocking()
            sock.shutdown(socket.SHUT_WR)
            assert received.result() > 20_000_000


def test_a_kept_connection_is_lost_if_unheard_for_a_quarter_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits: list[float] = []
    monkeypatch.setattr(Stream, "limit_unacknowledged", lambda stream, seconds: limits.append(seconds))
    with playing(answering(OWN, OWN)) as server:
        client = server.client(8.0)
        assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, True]
    assert limits == [2.0]


def test_a_path_that_is_mute_for_new_connections_too_is_a_timeout() -> None:
    muted = threading.Event()

    def mute_from_the_beginning(accepted: socket.socket) -> None:
        drop_packets(accepted)
        accepted.settimeout(PATIENCE)
        while accepted.recv(65_536):  # what came before it was mute
            pass

    with playing(forgotten_after(1, muted), mute_from_the_beginning, answering(OWN)) as server:
        client = server.client(2.0)
        assert said(client.read(INSTANCE)) is True
        assert muted.wait(PATIENCE)
        assert said(client.read(INSTANCE)) is Reason.TIMEOUT
        assert server.connections == 2
        assert said(client.read(INSTANCE)) is True


def test_a_server_that_is_slow_has_the_whole_time() -> None:
    """Also over a kept-alive connection. Its system acknowledges the request, so nothing is sent twice."""
    clock = ManualClock()

    def slowly(accepted: socket.socket) -> None:
        for _ in range(2):
            read_head(accepted)
            clock.advance(PATIENCE - 0.1)
            accepted.sendall(OWN)

    with playing(slowly, answering(OWN)) as server:
        client = server.client(clock=clock)
        assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, True]
        assert server.connections == 1


IDLE, MISDIRECTED = (
    reply(b"", status=status) for status in ("408 Request Timeout", "421 Misdirected Request")
)


def lost_after(part: bytes, *before: bytes, resets: bool = False) -> Play:
    def play(accepted: socket.socket) -> None:
        answering(*before)(accepted)
        read_head(accepted)
        accepted.sendall(part)
        if resets:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return play


@pytest.mark.parametrize(
    ("plays", "outcomes", "connections"),
    [
        ((lost_after(b"", OWN), answering(OWN)), [True, True], 2),
        ((lost_after(b"", OWN, resets=True), answering(OWN)), [True, True], 2),
        ((answering(OWN), answering(OWN)), [True, True], 2),
        ((lost_after(b"", OWN), lost_after(b""), answering(OWN)), [True, Reason.CONNECT], 2),
        ((lost_after(b"H", OWN), answering(OWN)), [True, Reason.INVALID_RESPONSE], 1),
        ((lost_after(OWN[:-5], OWN), answering(OWN)), [True, Reason.INVALID_RESPONSE], 1),
        ((lost_after(b""), answering(OWN)), [Reason.CONNECT], 1),
        ((answering(OWN, IDLE), answering(OWN)), [True, True], 2),
        ((answering(OWN, MISDIRECTED), answering(OWN)), [True, True], 2),
        ((answering(OWN, IDLE), answering(IDLE)), [True, Reason.BAD_STATUS], 2),
        ((answering(OWN, MISDIRECTED), answering(b"220 mail\r\n")), [True, Reason.INVALID_RESPONSE], 2),
    ],
    ids=[
        *("before a byte", "reset", "while idle", "twice", "after a byte", "in the body", "new connection"),
        *("idle for too long", "another host", "idle twice", "another host and no reply"),
    ],
)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_request_is_sent_again_once_and_only_unheard(
    plays: Sequence[Play], outcomes: Sequence[object], connections: int, tls: bool
) -> None:
    """Or answered with a status of the connection alone: balancers say 408 to one that was idle for too long."""
    with playing(*plays, tls=tls) as server:
        client = server.client()
        assert [said(client.read(INSTANCE)) for _ in outcomes] == outcomes
        assert server.connections == connections


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
        if closed.wait(PATIENCE):
            accepted.sendall(OWN)

    with playing(lose, answer_then) as server:
        client = server.client(20.0)
        assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, True]


def resolving(*addresses: tuple[str, int], family: Any = socket.AF_INET) -> list[AddressInfo]:
    """What a lookup tells of these addresses."""
    return [(family, socket.SOCK_STREAM, 0, "", address) for address in addresses]


@pytest.mark.parametrize("reloads", [False, True], ids=["five minutes", "reload"])
def test_an_address_that_moved_is_followed_in_time(reloads: bool) -> None:
    """Although the old one still answers."""
    clock, many = ManualClock(), answering(*[OWN] * 10)
    with playing(many, many) as old, playing(many, many, host="127.0.0.2", port=old.port) as new:
        host = old.host
        resolver = Resolver(lambda *name: resolving((host, old.port)))
        client = a_client("http://zapi.example", clock=clock, resolver=resolver)
        client.read(INSTANCE)
        host = new.host
        clock.advance(299.0)
        assert said(client.read(INSTANCE)) is True
        assert (old.connections, new.connections) == (1, 0)
        if reloads:
            client.forget()
        else:
            clock.advance(1.0)
        assert said(client.read(INSTANCE)) is True
        assert (old.connections, new.connections) == (1, 1)


@pytest.mark.parametrize(("apart", "connections"), [(0.0, 3), (100.0, 2)])
def test_connections_are_closed_in_time_also_if_none_is_used_again(apart: float, connections: int) -> None:
    closed, clock = threading.Event(), ManualClock()

    def play(accepted: socket.socket) -> None:
        answering(OWN)(accepted)
        assert accepted.recv(1) == b""
        closed.set()

    with playing(play, answering(OWN, OWN), answering(OWN)) as server:
        adapter, request = Adapter(a_route(server.url), clock), a_request(server.url)
        first = adapter.send(request, timeout=PATIENCE)
        clock.advance(apart)
        second = adapter.send(request, timeout=PATIENCE)
        first.close()
        second.close()
        del first, second
        clock.advance(300.0 - apart)
        with adapter.send(request, timeout=PATIENCE):
            assert closed.wait(PATIENCE)
        assert server.connections == connections


def test_an_address_of_a_family_that_the_machine_lacks_is_passed_over() -> None:
    """As those of IPv6 are where it is switched off in the kernel, though its name servers tell them."""
    with playing(answering(OWN)) as server:
        address = (server.host, server.port)
        resolver = Resolver(lambda *name: [*resolving(address, family=99), *resolving(address)])
        assert said(a_client("http://zapi.example", resolver=resolver).read(INSTANCE)) is True


def test_an_address_that_hangs_leaves_the_next_one_its_share_of_the_time() -> None:
    """One of two addresses gets half of ``api.timeout``, which is then enough for the other one."""
    with unreachable_port() as dead, playing(answering(OWN)) as server:
        addresses = resolving(("127.0.0.1", dead), (server.host, server.port))
        resolver = Resolver(lambda *name: addresses)
        assert said(a_client("http://zapi.example", 4.0, resolver=resolver).read(INSTANCE)) is True
