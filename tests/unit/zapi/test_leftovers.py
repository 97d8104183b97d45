"""What a server sends beyond a reply is never part of another one."""

import itertools
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.model.poll_result import Reason
from tests.builders import an_instance
from tests.unit.zapi.outcome import said
from tests.unit.zapi.playing import (
    BODY,
    OWN,
    PATIENCE,
    a_request,
    an_adapter,
    answering,
    deliver,
    playing,
    read_head,
    reply,
)

INSTANCE = an_instance("vendas")


HEAD = len(reply(bytes(9000))) - 9000
FOREIGN = reply(b'{"connected":false}')
BY_CHUNKS = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"connected":true}\r\n0\r\n\r\n'
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(
    "first",
    [
        OWN + FOREIGN,
        *(reply(BODY.ljust(size - HEAD)) + FOREIGN for size in (4096, 8192, 16_384, 100_000)),
        BY_CHUNKS + FOREIGN,
        EMPTY + FOREIGN,
        EARLY + OWN + EARLY,
        OWN + b"\0",
        OWN + FOREIGN[:20],
    ],
    ids=range(10),
)
def test_a_connection_with_bytes_behind_the_reply_is_left(first: bytes, tls: bool) -> None:
    """They come in the same TLS record, also where the reply fills the buffer to its end, or in the one behind it."""
    with playing(answering(first, FOREIGN), answering(OWN), tls=tls) as server:
        client = server.client()
        client.read(INSTANCE)
        assert said(client.read(INSTANCE)) is True
        assert server.connections == 2


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("first", [OWN, BY_CHUNKS, EMPTY], ids=["length", "chunks", "204"])
@pytest.mark.parametrize("late", [FOREIGN, b"\r\n", b"\0"], ids=["reply", "line", "byte"])
def test_bytes_that_come_later_end_the_connection_too(first: bytes, late: bytes, tls: bool) -> None:
    goes_on, sent = threading.Event(), threading.Event()

    def late_bytes(accepted: socket.socket) -> None:
        read_head(accepted)
        accepted.sendall(first)
        goes_on.wait(PATIENCE)
        deliver(accepted, late)
        sent.set()
        answering(FOREIGN)(accepted)

    with playing(late_bytes, answering(OWN), tls=tls) as server:
        client = server.client()
        client.read(INSTANCE)
        goes_on.set()
        assert sent.wait(PATIENCE)
        assert said(client.read(INSTANCE)) is True
        assert server.connections == 2


def test_the_connection_of_a_poll_that_was_given_up_is_left() -> None:
    """Whatever part of a reply came within the time: nothing, an interim reply, a head, or most of it."""
    cases = list(itertools.product((b"", EARLY, OWN[:20], OWN[:-5]), (False, True)))
    with ThreadPoolExecutor(len(cases)) as at_once:  # each waits for the whole time
        list(at_once.map(lambda case: give_up_after(*case), cases))


def give_up_after(part: bytes, tls: bool) -> None:
    goes_on = threading.Event()

    def too_late(accepted: socket.socket) -> None:
        answering(OWN)(accepted)
        read_head(accepted)
        accepted.sendall(part)
        goes_on.wait(PATIENCE)
        accepted.sendall(FOREIGN[len(part) :] if part != EARLY else FOREIGN)
        answering(FOREIGN)(accepted)

    with playing(too_late, answering(OWN), tls=tls) as server:
        client = server.client(5.0)
        assert [said(client.read(INSTANCE)) for _ in range(2)] == [True, Reason.TIMEOUT]
        goes_on.set()
        assert said(client.read(INSTANCE)) is True
        assert server.connections == 2


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_the_connection_of_another_instances_reply_is_left(tls: bool) -> None:
    """It may be one reply behind: a server spoke before it was asked, or a proxy mixed two requests up."""
    foreign = reply(b'{"id":"another","connected":false}')
    with playing(answering(foreign, FOREIGN), answering(OWN), tls=tls) as server:
        client = server.client()
        assert said(client.read(INSTANCE)) is Reason.WRONG_INSTANCE
        assert said(client.read(INSTANCE)) is True
        assert server.connections == 2


def test_a_connection_in_use_while_all_are_closed_serves_no_later_poll() -> None:
    def close_within(accepted: socket.socket) -> None:
        read_head(accepted)
        client.forget()
        accepted.sendall(OWN)
        answering(FOREIGN)(accepted)

    with playing(close_within, answering(OWN)) as server:
        client = server.client()
        assert all(said(client.read(INSTANCE)) is True for _ in range(2))
        assert server.connections == 2


def test_a_connection_serves_no_other_request_before_its_reply_was_read() -> None:
    """What the reply says may be the reason not to use the connection again."""
    with playing(answering(OWN, FOREIGN), answering(OWN, OWN)) as server:
        adapter = an_adapter(server.url)
        request = a_request(server.url)
        with adapter.send(request, timeout=PATIENCE) as response:
            with adapter.send(request, timeout=PATIENCE):
                assert server.connections == 2
            response.is_reusable = False
        with adapter.send(request, timeout=PATIENCE) as response:
            assert response.content == BODY
        assert server.connections == 2


def test_a_reply_that_is_closed_twice_gives_its_connection_back_once() -> None:
    with playing(answering(OWN, OWN, FOREIGN), answering(OWN)) as server:
        adapter, request = an_adapter(server.url), a_request(server.url)
        with adapter.send(request, timeout=PATIENCE) as response:
            pass
        response.close()
        with adapter.send(request, timeout=PATIENCE), adapter.send(request, timeout=PATIENCE):
            assert server.connections == 2
