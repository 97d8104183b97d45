import socket
import ssl

import pytest
import trustme

from exporter.demo.instances import SimulatedInstance
from simulator.listener_mode import ListenerMode
from simulator.server import SimulatedZapi
from tests.clocks import ManualClock
from tests.unit.demo.raw_client import RawClient

HELLO = b"\x16\x03\x01\x00\x01\x01"
"""Begins as a TLS client does."""


def test_a_silent_front_takes_everything_and_says_nothing(
    clock: ManualClock, instance: SimulatedInstance
) -> None:
    with SimulatedZapi([instance], clock=clock, mode=ListenerMode.SILENT) as zapi, RawClient(zapi) as client:
        assert zapi.base_url.startswith("http://")
        client.ask(instance)
        zapi.wait_for("the connection", lambda z: z.connections == 1 and z.open_connections == 1)
        assert client.waiting() == b""
        assert zapi.requests == {}


def test_a_closing_front_closes(clock: ManualClock) -> None:
    with SimulatedZapi([], clock=clock, mode=ListenerMode.CLOSING) as zapi, RawClient(zapi) as client:
        assert client.read_to_end() == b""


def test_a_resetting_front_resets(clock: ManualClock) -> None:
    # The reset may come while the client still connects.
    with (
        SimulatedZapi([], clock=clock, mode=ListenerMode.RESETTING) as zapi,
        pytest.raises(ConnectionResetError),
        RawClient(zapi) as client,
    ):
        client.read(1)


def test_a_stalled_handshake_is_never_answered(clock: ManualClock) -> None:
    with SimulatedZapi([], clock=clock, mode=ListenerMode.TLS_STALLED) as zapi, RawClient(zapi) as client:
        assert zapi.base_url.startswith("https://")
        client.send(HELLO)
        zapi.wait_for("the connection", lambda z: z.open_connections == 1)
        assert client.waiting() == b""


def test_a_stalled_handshake_holds_a_real_tls_client_as_long_as_it_waits(clock: ManualClock) -> None:
    with (
        SimulatedZapi([], clock=clock, mode=ListenerMode.TLS_STALLED) as zapi,
        socket.create_connection(("127.0.0.1", zapi.port), timeout=0.1) as plain,
        pytest.raises(TimeoutError),
    ):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(plain, server_hostname="localhost")
    assert zapi.unexpected == ()


def test_a_dripping_handshake_goes_on_and_on(clock: ManualClock) -> None:
    with (
        SimulatedZapi([], clock=clock, mode=ListenerMode.TLS_DRIPPING, drip_interval=0.001) as zapi,
        RawClient(zapi) as client,
    ):
        client.send(HELLO)
        assert client.read(50).startswith(b"\x16\x03\x03\x40\x00\x00\x00")


def test_a_handshake_drips_one_byte_at_a_time(clock: ManualClock) -> None:
    with (
        SimulatedZapi([], clock=clock, mode=ListenerMode.TLS_DRIPPING, drip_interval=3600) as zapi,
        RawClient(zapi) as client,
    ):
        client.send(HELLO)
        assert client.read(1) == b"\x16"
        assert client.waiting() == b""


def test_a_handshake_is_reset_once_begun(clock: ManualClock) -> None:
    with SimulatedZapi([], clock=clock, mode=ListenerMode.TLS_RESET) as zapi, RawClient(zapi) as client:
        client.send(HELLO)
        with pytest.raises(ConnectionResetError):
            client.read(1)


def test_plain_http_on_a_tls_port_answers_a_handshake_in_plain_text(
    clock: ManualClock, instance: SimulatedInstance
) -> None:
    with SimulatedZapi([instance], clock=clock, mode=ListenerMode.PLAIN_ON_TLS) as zapi:
        assert zapi.base_url.startswith("https://")
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version"):
            RawClient(zapi, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        with RawClient(zapi) as client:
            client.ask(instance)
            assert client.read_reply()[0] == 200


def test_a_certificate_for_another_host_is_one_a_client_can_tell(
    clock: ManualClock, instance: SimulatedInstance
) -> None:
    authority = trustme.CA()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(serving)
    with (
        SimulatedZapi([instance], clock=clock, tls=serving) as zapi,
        pytest.raises(ssl.SSLCertVerificationError, match="mismatch"),
    ):
        RawClient(zapi, trusting)
