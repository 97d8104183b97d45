"""What the faults send, seen from the other end of a raw socket.

The fault suite fails if a fault whose poll must fail becomes healthy. Tested here is what it cannot tell apart: how far
a reply comes before it ends, and what a fault is made of.
"""

import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from exporter.demo.faults import Exchange, Fault
from exporter.demo.instances import SimulatedInstance
from simulator.faults import every_fault
from simulator.mirror_faults import mirrors
from simulator.server import SimulatedZapi
from tests.clocks import ManualClock

HOUR: Final = 3600.0
FAULTS: Final = every_fault(drip_interval=HOUR)
EXCHANGE: Final = Exchange(
    path="/instances/A/token/FACADE/me", client_token="FACADE", body=b'{"connected": true}', now=0.0
)


class RawClient:
    """A client that reads the very bytes that come, and waits at most a minute for them."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.received = b""

    def receive(self) -> bool:
        """Read what comes next; return whether it is not the end."""
        data = self._socket.recv(1 << 20)
        self.received += data
        return data != b""

    def read_to_end(self) -> None:
        while self.receive():
            pass

    def read_until(self, mark: bytes) -> None:
        while mark not in self.received:
            assert self.receive(), f"the server closed after {self.received[-200:]!r}"

    def read_what_waits(self) -> None:
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self.receive()


def pauses(client: RawClient) -> None:
    client.read_what_waits()
    assert not client.received.endswith(b"}")


def closes(client: RawClient) -> None:
    client.read_to_end()
    assert not client.received.endswith(b"}")


def resets(client: RawClient) -> None:
    with pytest.raises(ConnectionResetError):
        client.read_to_end()


def floods(client: RawClient) -> None:
    while len(client.received) < 4 << 20:
        assert client.receive()


SENT: Final[Mapping[str, tuple[bytes, Callable[[RawClient], None]]]] = {
    "silence": (b"", pauses),
    "silence after the headers": (b"Content-Length: 700\r\n\r\n", pauses),
    "silence within the body": (b'\r\n\r\n{"id": "FACADE01"', pauses),
    "dripping status line": (b"H", pauses),
    "dripping headers": (b"HTTP/1.1 200 OK\r\nX", pauses),
    "dripping chunks": (b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n", pauses),
    "dripping 100 continue": (b"HTTP/1.1 100 Continue\r\n\r\n", pauses),
    "dripping body": (b"\r\n\r\n{", pauses),
    "reset before the reply": (b"", resets),
    "reset within the headers": (b"HTTP/1.1 200 OK\r\n", resets),
    "reset within the body": (b"\r\n\r\n{", resets),
    "closed before the reply": (b"", closes),
    "closed within the headers": (b"HTTP/1.1 200 OK\r\n", closes),
    "short body": (b'\r\n\r\n{"id": "FACADE01"', closes),
    "endless chunked body": (b"chunked\r\n\r\n10000\r\n     ", floods),
    "endless body until closed": (b"\r\n\r\n      ", floods),
    "content-length of 2 GB": (b"Content-Length: 2147483648\r\n\r\n     ", floods),
    "endless 100 continue": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", floods),
    "endless chunk-size line": (b"chunked\r\n\r\n0000000", floods),
    "endless chunk extension": (b"\r\n\r\n1;x=xxxxxx", floods),
    "endless trailers": (b"\r\n\r\n0\r\nX-Trailer: x\r\nX-Trailer: x\r\n", floods),
    "endless status line": (b"HTTP/1.1 200 OOOOO", floods),
    "endless header line": (b"X-Long: xxxxxx", floods),
    "endless headers": (b"X-Header: x\r\nX-Header: x\r\n", floods),
    "endless garbage": (b"\x00\xff\x17garbage", floods),
    "content-length of hundreds of digits": (b"9999999999999", floods),
}
"""Name of a fault → what comes at once, and how it goes on."""


def test_each_fault_sends_its_part_and_ends_in_its_way(subtests: pytest.Subtests) -> None:
    instance = SimulatedInstance(id="FACADE01", token="T", due=1.7e9, created=1.6e9)
    request = f"GET /instances/{instance.id}/token/T/me HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with SimulatedZapi([instance], clock=ManualClock()) as zapi:
        for name, (begins, end) in SENT.items():
            zapi.set_fault(instance.id, FAULTS[name])
            connecting = socket.create_connection(("127.0.0.1", zapi.port), timeout=60)
            with subtests.test(name), connecting as connected:
                connected.sendall(request)
                client = RawClient(connected)
                client.read_until(begins)
                end(client)
            zapi.wait_for("the reply to end with its client", lambda z: z.in_flight == 0)
    assert zapi.unexpected == ()


def whole(fault: Fault) -> bytes:
    """All the bytes of a reply that ends."""
    return b"".join(step for step in fault.play(EXCHANGE) if isinstance(step, bytes))


@pytest.mark.parametrize("name", ["deeply nested field", "deeply nested body", "deeply nested objects"])
def test_nesting_is_deeper_than_any_parser_goes_yet_below_the_size_limit(name: str) -> None:
    body = whole(FAULTS[name]).partition(b"\r\n\r\n")[2]
    assert len(body) < 1 << 20
    assert max(body.count(b"["), body.count(b"{")) >= 150_000


@pytest.mark.parametrize("fault", mirrors(), ids=lambda fault: fault.name)
def test_a_mirror_shows_a_credential(fault: Fault) -> None:
    assert b"FACADE" in whole(fault)
