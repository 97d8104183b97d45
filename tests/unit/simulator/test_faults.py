"""What the faults send.

The fault suite fails if a fault whose poll must fail becomes healthy. Tested here is what it cannot tell apart: how far
a reply comes before it ends, and what a fault is made of.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from exporter.demo.faults import Exchange, Fault
from simulator.faults import every_fault
from simulator.mirror_faults import mirrors
from simulator.steps import Ending, Pause

FAULTS: Final = every_fault(drip_interval=60.0)
EXCHANGE: Final = Exchange(
    path="/instances/A/token/FACADE/me",
    client_token="FACADE",
    body=b'{"id": "FACADE01", "connected": true}',
    now=0.0,
)
MOST: Final = 4 << 20
PAUSE, FLOOD = Pause(60.0), bytes
CLOSE, RESET, SILENCE = Ending.CLOSE, Ending.RESET, Ending.SILENCE

SENT: Final[Mapping[str, tuple[bytes, object]]] = {
    "silence": (b"", SILENCE),
    "silence after the headers": (b"Content-Length: 700\r\n\r\n", SILENCE),
    "silence within the body": (b'\r\n\r\n{"id": "FACADE01"', SILENCE),
    "dripping status line": (b"H", PAUSE),
    "dripping headers": (b"HTTP/1.1 200 OK\r\nX", PAUSE),
    "dripping chunks": (b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n", PAUSE),
    "dripping 100 continue": (b"HTTP/1.1 100 Continue\r\n\r\n", PAUSE),
    "dripping body": (b"\r\n\r\n{", PAUSE),
    "reset before the reply": (b"", RESET),
    "reset within the headers": (b"HTTP/1.1 200 OK\r\n", RESET),
    "reset within the body": (b"\r\n\r\n{", RESET),
    "closed before the reply": (b"", CLOSE),
    "closed within the headers": (b"HTTP/1.1 200 OK\r\n", CLOSE),
    "short body": (b'\r\n\r\n{"id": "FACADE01"', CLOSE),
    "endless chunked body": (b"chunked\r\n\r\n10000\r\n     ", FLOOD),
    "endless body until closed": (b"\r\n\r\n      ", FLOOD),
    "content-length of 2 GB": (b"Content-Length: 2147483648\r\n\r\n     ", FLOOD),
    "endless 100 continue": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", FLOOD),
    "endless chunk-size line": (b"chunked\r\n\r\n0000000", FLOOD),
    "endless chunk extension": (b"\r\n\r\n1;x=xxxxxx", FLOOD),
    "endless trailers": (b"\r\n\r\n0\r\nX-Trailer: x\r\nX-Trailer: x\r\n", FLOOD),
    "endless status line": (b"HTTP/1.1 200 OOOOO", FLOOD),
    "endless header line": (b"X-Long: xxxxxx", FLOOD),
    "endless headers": (b"X-Header: x\r\nX-Header: x\r\n", FLOOD),
    "endless garbage": (b"\x00\xff\x17garbage", FLOOD),
    "content-length of hundreds of digits": (b"9999999999999", FLOOD),
}
"""Name of a fault → what it sends at once, and what it does then."""


def test_each_fault_sends_its_part_and_goes_on_in_its_way(subtests: pytest.Subtests) -> None:
    for name, (part, then) in SENT.items():
        sent = bytearray()
        with subtests.test(name):
            for step in FAULTS[name].play(EXCHANGE):
                if not isinstance(step, bytes) or len(sent) > MOST:
                    break
                sent += step
            assert part in sent
            assert step == then or (then is FLOOD and len(sent) > MOST)
            assert not sent.endswith(b"}")


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
