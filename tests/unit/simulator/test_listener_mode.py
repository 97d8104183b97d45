import ssl
from collections.abc import Callable

import pytest

from exporter.demo.instances import SimulatedInstance
from simulator.listener_mode import ListenerMode
from simulator.server import SimulatedZapi
from tests.clocks import ManualClock
from tests.unit.demo.raw_client import RawClient

HELLO = b"\x16\x03\x01\x00\x01\x01"
"""Begins as a TLS client does."""


def says_nothing(client: RawClient) -> None:
    assert client.waiting() == b""


def closes(client: RawClient) -> None:
    assert client.read_to_end() == b""


def resets(client: RawClient) -> None:
    with pytest.raises(ConnectionResetError):
        client.read(1)


@pytest.mark.parametrize(
    ("mode", "hears", "begins", "goes_on"),
    [
        (ListenerMode.SILENT, b"GET / HTTP/1.1\r\n\r\n", b"", says_nothing),
        (ListenerMode.CLOSING, b"", b"", closes),
        (ListenerMode.TLS_STALLED, HELLO, b"", says_nothing),
        (ListenerMode.TLS_DRIPPING, HELLO, b"\x16", says_nothing),
        (ListenerMode.TLS_RESET, HELLO, b"", resets),
    ],
    ids=lambda value: value.value if isinstance(value, ListenerMode) else "",
)
def test_a_listener_treats_each_connection_as_its_mode_says(
    clock: ManualClock, mode: ListenerMode, hears: bytes, begins: bytes, goes_on: Callable[[RawClient], None]
) -> None:
    with SimulatedZapi([], clock=clock, mode=mode, drip_interval=3600.0) as zapi, RawClient(zapi) as client:
        assert zapi.base_url.startswith("https://") == mode.is_tls
        client.send(hears)
        client.read_until(begins)
        goes_on(client)


def test_a_resetting_listener_resets(clock: ManualClock) -> None:
    """The reset may come while the client still connects."""
    with (
        SimulatedZapi([], clock=clock, mode=ListenerMode.RESETTING) as zapi,
        pytest.raises(ConnectionResetError),
        RawClient(zapi) as client,
    ):
        client.read(1)


def test_plain_http_on_a_tls_port_answers_a_handshake_in_plain_text(
    clock: ManualClock, instance: SimulatedInstance
) -> None:
    with SimulatedZapi([instance], clock=clock, mode=ListenerMode.PLAIN_ON_TLS) as zapi:
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version"):
            RawClient(zapi, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        with RawClient(zapi) as client:
            client.ask(instance)
            assert client.read_reply()[0] == 200
