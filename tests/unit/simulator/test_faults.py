"""What the faults send, seen from the other end of a raw socket.

The fault suite fails if a fault whose poll must fail becomes healthy. Tested here is what it cannot tell apart: how far
a reply comes before it ends, and replies that are healthy in a strange form.
"""

import gzip
import json
import socket
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import pytest

from exporter.demo.faults import Exchange, Fault
from exporter.demo.instances import SimulatedInstance
from simulator import wire_faults as wire
from simulator.faults import every_fault
from simulator.mirror_faults import mirrors
from simulator.server import SimulatedZapi
from tests.clocks import ManualClock
from tests.unit.demo.raw_client import RawClient, me_path

End = Callable[[RawClient], None]

HOUR: Final = 3600.0
FAULTS: Final = every_fault(drip_interval=HOUR, elsewhere="https://elsewhere.example")


def pauses(client: RawClient) -> None:
    assert not client.waiting().endswith(b"}")


def closes(client: RawClient) -> None:
    assert not client.read_to_end().endswith(b"}")


def resets(client: RawClient) -> None:
    with pytest.raises(ConnectionResetError):
        client.read_to_end()


def floods(client: RawClient) -> None:
    client.read(4 << 20)


SENT: Final[Mapping[str, tuple[bytes, End]]] = {
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


def test_each_fault_sends_its_part_and_ends_in_its_way(
    zapi: SimulatedZapi, instance: SimulatedInstance, subtests: pytest.Subtests
) -> None:
    for name, (begins, end) in SENT.items():
        with subtests.test(name), RawClient(zapi) as client:
            provoke(zapi, client, instance, FAULTS[name])
            client.read_until(begins)
            end(client)
        zapi.wait_for("the reply to end with its client", lambda z: z.in_flight == 0)


def test_no_fault_disturbs_the_server_or_another_instance(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance
) -> None:
    faults = every_fault(drip_interval=0.001)
    with RawClient(zapi) as bystander:
        for number, (name, fault) in enumerate(faults.items(), start=1):
            zapi.set_fault(instance.id, fault)
            with RawClient(zapi) as client:
                client.ask(instance)
                _wait_for_requests(zapi, instance, number)
                bystander.ask(other)
                assert bystander.read_reply()[0] == 200, name
    zapi.wait_for("every reply to end with its client", lambda z: z.in_flight == 0)


def _wait_for_requests(zapi: SimulatedZapi, instance: SimulatedInstance, count: int) -> None:
    zapi.wait_for(f"{count} requests", lambda z: z.requests[instance.id] == count)


def test_a_connection_closes_while_idle(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.closed_when_idle())
        assert client.read_reply()[0] == 200
        assert client.read_to_end() == b""


@pytest.mark.parametrize(
    ("fault", "end"), [(wire.closed_on_next_request(), closes), (wire.reset_on_next_request(), resets)]
)
def test_the_next_request_finds_the_connection_gone(
    zapi: SimulatedZapi, instance: SimulatedInstance, fault: Fault, end: End
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, fault)
        assert client.read_reply()[0] == 200
        client.ask(instance)
        end(client)
    assert zapi.requests == {instance.id: 1}


@pytest.mark.parametrize(
    ("fault", "statuses", "last"),
    [
        (wire.refused_on_next_request(408), [200, 408, 408], b""),
        (wire.one_reply_behind(), [200, 200, 200], b'{"connected": false, "name": "of another request"}'),
    ],
    ids=["408", "one reply behind"],
)
def test_later_requests_of_the_connection_get_another_reply(
    zapi: SimulatedZapi, instance: SimulatedInstance, fault: Fault, statuses: list[int], last: bytes
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, fault)
        replies = [client.read_reply()]
        for _ in range(2):
            client.ask(instance)
            replies.append(client.read_reply())
    assert [reply[0] for reply in replies] == statuses
    assert replies[-1][-1] == last


def test_a_forgotten_connection_is_mute_and_its_port_can_connect_again(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    zapi.set_fault(instance.id, wire.forgotten_when_idle())
    with bound_to(("127.83.0.1", 0)) as forgotten:
        forgotten.connect(("127.0.0.1", zapi.port))
        place = forgotten.getsockname()
        request = (
            f"GET {me_path(instance)} HTTP/1.1\r\nClient-Token: {instance.client_token}\r\n\r\n".encode()
        )
        forgotten.sendall(request)
        assert forgotten.recv(65536).startswith(b"HTTP/1.1 200")
        forgotten.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 100)
        with pytest.raises(TimeoutError, match="110"):
            ask_for_ever(forgotten, request)  # it is forgotten a moment after the reply
    with bound_to(place) as again:
        again.connect(("127.0.0.1", zapi.port))
        again.sendall(request)
        assert again.recv(65536).startswith(b"HTTP/1.1 200")


def bound_to(place: tuple[str, int]) -> socket.socket:
    """Return a socket with this end, on an address that no other test connects from."""
    sock = socket.socket()
    sock.settimeout(30)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(place)
    return sock


def ask_for_ever(sock: socket.socket, request: bytes) -> None:
    while True:
        sock.sendall(request)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_strange_forms_hold_a_healthy_reply(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, FAULTS["gzipped"])
        assert json.loads(gzip.decompress(client.read_reply()[2]))["connected"] is True
        provoke(zapi, client, instance, FAULTS["byte order mark"])
        assert client.read_reply()[2].startswith(b'\xef\xbb\xbf{"id"')
        provoke(zapi, client, instance, FAULTS["one 100 continue first"])
        assert [client.read_reply()[0] for _ in range(2)] == [100, 200]
        provoke(zapi, client, instance, FAULTS["chunked"])
        assert b"Transfer-Encoding: chunked" in client.read_until(b"\r\n\r\n")
        joined = b""
        while size := int(client.read_until(b"\r\n"), 16):
            joined += client.read(size)
            assert client.read(2) == b"\r\n"
        assert json.loads(joined)["connected"] is True


def test_a_server_error_is_a_page_of_html(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, FAULTS["503 html"])
        status, headers, body = client.read_reply()
    assert (status, headers["content-type"], b"<html>" in body) == (503, "text/html", True)


@pytest.mark.parametrize(("name", "seconds"), [("a past date", -86400), ("a date a day ahead", 86400)])
def test_a_retry_after_date_is_counted_from_the_clock(
    zapi: SimulatedZapi, instance: SimulatedInstance, clock: ManualClock, name: str, seconds: int
) -> None:
    headers = reply_headers(zapi, instance, f"429 retry-after {name}")
    assert parsedate_to_datetime(headers["retry-after"]).timestamp() == clock.time() + seconds


def test_redirects_lead_to_another_host_and_in_a_loop(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    away = reply_headers(zapi, instance, "redirect to another host")
    assert away["location"] == f"https://elsewhere.example{me_path(instance)}"
    assert reply_headers(zapi, instance, "redirect loop")["location"] == me_path(instance)


@pytest.mark.parametrize("name", ["deeply nested field", "deeply nested body", "deeply nested objects"])
def test_nesting_is_deeper_than_any_parser_goes_yet_below_the_size_limit(
    zapi: SimulatedZapi, instance: SimulatedInstance, name: str
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, FAULTS[name])
        body = client.read_reply()[2]
    assert len(body) < 1 << 20
    assert max(body.count(b"["), body.count(b"{")) >= 150_000


@pytest.mark.parametrize("fault", mirrors(), ids=lambda fault: fault.name)
def test_a_mirror_shows_a_credential(fault: Fault) -> None:
    exchange = Exchange(path="/instances/A/token/FACADE/me", client_token="FACADE", body=b"{}", now=0.0)
    shown = b"".join(step for step in fault.play(exchange) if isinstance(step, bytes))
    assert b"FACADE" in shown


def provoke(zapi: SimulatedZapi, client: RawClient, instance: SimulatedInstance, fault: Fault) -> None:
    zapi.set_fault(instance.id, fault)
    client.ask(instance)


def reply_headers(zapi: SimulatedZapi, instance: SimulatedInstance, fault: str) -> dict[str, str]:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, FAULTS[fault])
        return client.read_reply()[1]
