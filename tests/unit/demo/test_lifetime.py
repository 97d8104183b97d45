"""How a server begins, how it ends, and what it does when the machine or the client fails it."""

import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme

from exporter.demo.faults import Exchange, Fault
from exporter.demo.instances import SimulatedInstance
from simulator.server import SimulatedZapi
from simulator.steps import Step
from simulator.wire_faults import silence
from tests.clocks import ManualClock
from tests.unit.demo.raw_client import RawClient

MIB = 1 << 20


def test_a_client_that_does_not_trust_it_is_counted_as_no_handshake(
    clock: ManualClock, instance: SimulatedInstance
) -> None:
    with SimulatedZapi([instance], clock=clock, tls=_server_context(trustme.CA())) as zapi:
        with pytest.raises(ssl.SSLCertVerificationError):
            RawClient(zapi, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        zapi.wait_for("the connection", lambda z: z.connections == 1)
        assert zapi.requests == {}
    assert zapi.unexpected == ()


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


FLOOD = Fault("flood", lambda _: iter(lambda: b"x" * 65536, b""))


@pytest.mark.parametrize("over_tls", [False, True])
def test_closing_drops_everything_at_once_and_leaves_nothing(
    clock: ManualClock, instance: SimulatedInstance, other: SimulatedInstance, over_tls: bool
) -> None:
    authority = trustme.CA()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    tls = _server_context(authority) if over_tls else None
    threads = set(threading.enumerate())
    zapi = SimulatedZapi([instance, other], clock=clock, tls=tls)
    zapi.start()
    zapi.set_fault(instance.id, silence())
    zapi.set_fault(other.id, FLOOD)
    client_side = trusting if over_tls else None
    with (
        RawClient(zapi, client_side) as waiting,
        RawClient(zapi, client_side) as flooded,
        RawClient(zapi, client_side),
        RawClient(zapi),
    ):
        waiting.ask(instance)
        flooded.ask(other)
        zapi.wait_for("the requests", lambda z: z.in_flight == 2 and z.connections == 4)
        zapi.close()
        assert zapi.open_connections == 0
        assert threads.issuperset(threading.enumerate())
        with pytest.raises((EOFError, ConnectionError)):
            waiting.read(1)
    assert zapi.in_flight == 0
    assert zapi.unexpected == ()
    zapi.close()


def test_a_client_that_does_not_read_is_not_written_to_for_ever(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance
) -> None:
    written = 0

    def count(_: Exchange) -> Iterator[Step]:
        nonlocal written
        while True:
            yield b"x" * MIB
            written += 1

    zapi.set_fault(instance.id, Fault("counted flood", count))
    with RawClient(zapi) as unread, RawClient(zapi) as bystander:
        unread.ask(instance)
        for _ in range(500):
            bystander.ask(other)
            assert bystander.read_reply()[0] == 200
        assert 0 < written < 100
