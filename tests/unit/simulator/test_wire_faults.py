"""Each fault of the wire, seen from the other end of a raw socket."""

import gzip
import itertools
import socket
import zlib

import pytest

from exporter.demo.faults import Exchange, Fault
from exporter.demo.instances import SimulatedInstance
from simulator import wire_faults as wire
from simulator.answer_faults import late
from simulator.server import SimulatedZapi
from simulator.steps import Pause
from tests.unit.demo.raw_client import RawClient, me_path

HOUR = 3600.0
MIB = 1 << 20


def provoke(zapi: SimulatedZapi, client: RawClient, instance: SimulatedInstance, fault: Fault) -> None:
    zapi.set_fault(instance.id, fault)
    client.ask(instance)


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


def flood(name: str) -> Fault:
    return next(fault for fault in wire.floods() if fault.name == name)


def test_silence_never_answers(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.silence())
        zapi.wait_for("the request", lambda z: z.in_flight == 1)
        assert client.waiting() == b""


def test_silence_after_the_headers_leaves_the_body_out(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.silence_after_headers())
        assert b"Content-Length: 700" in client.read_until(b"\r\n\r\n")
        assert client.waiting() == b""
        assert zapi.in_flight == 1


def test_silence_within_the_body_leaves_its_end_out(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.silence_within_body())
        head = client.read_until(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].split()[0])
        assert client.read(length - 20).startswith(b'{"id": "FACADE01"')
        assert client.waiting() == b""
        assert zapi.in_flight == 1


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


def test_a_reset_comes_before_the_reply(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.reset_before_reply())
        with pytest.raises(ConnectionResetError):
            client.read_to_end()


@pytest.mark.parametrize("fault", [wire.reset_within_headers(), wire.reset_within_body()])
def test_a_reset_comes_within_the_reply(
    zapi: SimulatedZapi, instance: SimulatedInstance, fault: Fault
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, fault)
        assert client.read_until(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
        with pytest.raises(ConnectionResetError):
            client.read_to_end()


def test_a_close_comes_before_the_reply(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.closed_before_reply())
        assert client.read_to_end() == b""


def test_a_close_comes_within_the_headers(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.closed_within_headers())
        assert b"\r\n\r\n" not in client.read_to_end()


def test_a_short_body_ends_before_its_length(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.short_body())
        head, _, body = client.read_to_end().partition(b"\r\n\r\n")
        assert len(body) == int(head.partition(b"Content-Length: ")[2].split()[0]) - 20


def test_a_connection_closes_while_idle(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.closed_when_idle(0.01))
        assert client.read_reply()[0] == 200
        assert client.read_to_end() == b""


def test_a_request_in_time_keeps_a_connection_that_would_close_when_idle(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance
) -> None:
    zapi.set_fault(other.id, late(1.2))
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.closed_when_idle(1.0))
        assert client.read_reply()[0] == 200
        client.ask(other)
        assert client.read_reply()[0] == 200


def test_the_next_request_finds_the_connection_closing(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.closed_on_next_request())
        assert client.read_reply()[0] == 200
        client.ask(instance)
        assert client.read_to_end() == b""
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


def test_the_next_request_finds_the_connection_reset(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.reset_on_next_request())
        assert client.read_reply()[0] == 200
        client.ask(instance)
        with pytest.raises(ConnectionResetError):
            client.read_to_end()
    assert zapi.requests == {instance.id: 1}


@pytest.mark.parametrize(
    ("fault", "at_once"),
    [
        (wire.dripping_status_line(HOUR), b"H"),
        (wire.dripping_headers(HOUR), b"HTTP/1.1 200 OK\r\nX"),
        (wire.dripping_chunks(HOUR), b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n"),
        (wire.dripping_continue(HOUR), b"HTTP/1.1 100 Continue\r\n\r\n"),
        (wire.dripping_body(HOUR), b"\r\n\r\n{"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_a_drip_sends_its_first_drop_and_then_pauses(
    zapi: SimulatedZapi, instance: SimulatedInstance, fault: Fault, at_once: bytes
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, fault)
        client.read_until(at_once)
        assert client.waiting() == b""
        assert zapi.in_flight == 1


@pytest.mark.parametrize("fault", wire.drips(7.0), ids=lambda fault: fault.name)
def test_a_drip_pauses_after_every_drop(fault: Fault) -> None:
    steps = list(itertools.islice(fault.play(an_exchange()), 200))
    drops = steps[steps.index(Pause(7.0)) - 1 :]
    assert drops[1::2] == [Pause(7.0)] * (len(drops) // 2)
    assert all(isinstance(drop, bytes) and len(drop) <= 25 for drop in drops[::2])


def an_exchange() -> Exchange:
    return Exchange("/", "", b'{"connected": true}' * 20, 0.0)


@pytest.mark.parametrize("fault", [wire.dripping_status_line(1e-4), wire.dripping_body(1e-4)])
def test_a_drip_of_a_whole_reply_ends_well(
    zapi: SimulatedZapi, instance: SimulatedInstance, fault: Fault
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, fault)
        assert client.read_reply()[0] == 200
        zapi.wait_for("the end of the reply", lambda z: z.in_flight == 0)


@pytest.mark.parametrize(
    ("fault", "begins"),
    [
        ("endless chunked body", b"chunked\r\n\r\n10000\r\n     "),
        ("endless body until closed", b"\r\n\r\n      "),
        ("content-length of 2 GB", b"Content-Length: 2147483648\r\n\r\n     "),
        ("endless 100 continue", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),
        ("endless chunk-size line", b"chunked\r\n\r\n0000000"),
        ("endless chunk extension", b"\r\n\r\n1;x=xxxxxx"),
        ("endless trailers", b"\r\n\r\n0\r\nX-Trailer: x\r\nX-Trailer: x\r\n"),
        ("endless status line", b"HTTP/1.1 200 OOOOO"),
        ("endless header line", b"X-Long: xxxxxx"),
        ("endless headers", b"X-Header: x\r\nX-Header: x\r\n"),
        ("endless garbage", b"\x00\xff\x17garbage"),
        ("content-length of hundreds of digits", b"9999999999999"),
    ],
)
def test_a_flood_comes_as_fast_as_it_is_read(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance, fault: str, begins: bytes
) -> None:
    with RawClient(zapi) as client, RawClient(zapi) as bystander:
        provoke(zapi, client, instance, flood(fault))
        assert begins in client.read(4 * MIB)[:200]
        bystander.ask(other)
        assert bystander.read_reply()[0] == 200
    zapi.wait_for("the flood to end with its client", lambda z: z.in_flight == 0)


def test_a_gzip_bomb_is_a_thousand_times_larger_inside(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.gzip_bomb(64))
        assert b"Content-Encoding: gzip\r\n" in client.read_until(b"\r\n\r\n")
        packed = client.read_to_end()
    assert len(packed) < 0.08 * MIB
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    size = 0
    while packed:
        size += len(unpacker.decompress(packed, 8 * MIB))
        packed = unpacker.unconsumed_tail
    assert unpacker.eof
    assert size == 64 * MIB


def test_a_nested_gzip_bomb_is_a_few_kilobytes(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.nested_gzip_bomb())
        _, headers, body = client.read_reply()
    assert headers["content-encoding"] == "gzip, gzip"
    assert len(body) < 20_000
    inner = gzip.decompress(body)
    first = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert len(first.decompress(inner)) == MIB
    assert len(inner) == 1024 * (len(inner) - len(first.unused_data))


def test_thousands_of_headers_stand_before_a_healthy_body(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.thousands_of_headers())
        status, headers, body = client.read_reply()
    assert status == 200
    assert len(headers) > 5000
    assert body.startswith(b'{"id": "FACADE01"')


def test_a_header_of_megabytes_stands_before_a_healthy_body(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, wire.header_of_megabytes())
        _, headers, body = client.read_reply()
    assert len(headers["x-long"]) == 3 * MIB
    assert body.startswith(b'{"id": "FACADE01"')


@pytest.mark.parametrize("fault", wire.malformed_http(), ids=lambda fault: fault.name)
def test_malformed_http_comes_just_as_it_is_written_and_closes(
    zapi: SimulatedZapi, instance: SimulatedInstance, fault: Fault
) -> None:
    written = next(fault.play(an_exchange()))
    assert isinstance(written, bytes)
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, fault)
        assert client.read_to_end() == written


@pytest.mark.parametrize("fault", wire.misencoded(), ids=lambda fault: fault.name)
def test_a_misencoded_body_is_whole_and_keeps_the_connection(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance, fault: Fault
) -> None:
    with RawClient(zapi) as client:
        provoke(zapi, client, instance, fault)
        status, headers, _ = client.read_reply()
        assert (status, "content-encoding" in headers) == (200, True)
        client.ask(other)
        assert client.read_reply()[0] == 200
