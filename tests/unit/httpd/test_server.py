"""What one client at a time sees of the server."""

import asyncio
import contextlib
import errno
import gc
import itertools
import logging
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import trustme

from exporter.httpd.bind import bind
from exporter.httpd.message import Answer, Request, Response
from exporter.httpd.security import Security
from exporter.httpd.server import Server
from exporter.httpd.stream import ClientStream
from exporter.model.clock import SystemClock
from exporter.model.secret import Secret
from harness.waiting import wait_until
from tests.clocks import ManualClock
from tests.unit.httpd.serving import PLAIN, REQUEST, Client, Held, Transport, echo, open_connections, serving


@pytest.fixture
def client(transport: Transport) -> Iterator[Client]:
    with transport.serving() as server, transport.client(server) as client:
        yield client


def test_pipelined_requests_are_answered_in_order(client: Client) -> None:
    client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: test\r\n\r\n" % number for number in range(5)))
    for number in range(5):
        assert f"'/{number}'".encode() in client.answer().body


def test_head_has_the_headers_of_get_and_no_body(client: Client) -> None:
    get = client.ask("/metrics")
    head = client.ask("/metrics", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(get.body) + len("HEAD") - len("GET")
    assert head.headers.keys() == get.headers.keys()
    assert client.ask("/again").status == 200


@pytest.mark.parametrize("head", [b"GET / HTTP/1.0", b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close"])
def test_a_client_that_asks_for_it_is_told_its_last_answer(client: Client, head: bytes) -> None:
    client.send(head + b"\r\n\r\n")
    answer = client.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert client.was_closed()


TARGETS = (
    ("/a%20b?x=1", "('GET', '/a b', {'x': '1'})"),
    ("/%C3%A9?q=%C3%A7+o", "('GET', '/é', {'q': 'ç o'})"),
    ("/%2541", "('GET', '/%41', {})"),
    ("/?a=1&a=2&b=", "('GET', '/', {'a': '1', 'b': ''})"),
    ("http://test:1/metrics?a=1", "('GET', '/metrics', {'a': '1'})"),
    ("https://test", "('GET', '/', {})"),
    ("/" + "a" * 8191, f"('GET', '/{'a' * 8191}', {{}})"),
    ("//host/path", "('GET', '//host/path', {})"),
    ("/?" + "a=1&" * 99 + "a=1", "('GET', '/', {'a': '1'})"),
)
MOST_HEADERS = ["X: 1"] * 99
"""Beside the one that names the host."""


def test_a_target_is_decoded_once(client: Client, subtests: pytest.Subtests) -> None:
    for target, understood in TARGETS:
        with subtests.test(target):
            assert client.ask(target, *MOST_HEADERS).body.decode() == understood


NO_TARGETS = (
    ("/%ff", 400),
    ("/?q=%ff", 400),
    ("/%zz", 400),
    ("/?%", 400),
    ("metrics", 400),
    ("*", 400),
    ("ftp://test/", 400),
    ("http://[/", 400),
    ("http://ana@test/", 400),
    ("/?" + "a&" * 100, 400),
    ("/" + "a" * 8192, 414),
    ("/" + "a" * 100_000, 414),
)
BAD_HOSTS = (
    b"a b",
    b"<a>",
    b"a/b",
    b"ana@test",
    b"test:port",
    b"test:1:2",
    b"::1",
    b"[::1",
    b"[test]",
    b"a\\b",
    b"\xe9",
    b"%zz",
)
BAD_MESSAGES = (
    *((f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), status) for target, status in NO_TARGETS),
    (b"nonsense\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    *((b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 400) for host in BAD_HOSTS),
    (b"GET / HTTP/1.1\r\nHost: a\r\nbad header: b\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (16 * 1024 - 5) + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000, 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 100 + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" + b"x" * 0x10001, 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000, 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999\r\n\r\n", 413),
)


def test_a_bad_message_is_refused_and_the_connection_closed(
    transport: Transport, subtests: pytest.Subtests
) -> None:
    with transport.serving() as server:
        for message, status in BAD_MESSAGES:
            with subtests.test(str(message[:60])), transport.client(server) as client:
                client.send(message)
                answer = client.answer()
                assert (answer.status, answer.headers["connection"]) == (status, "close")
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert client.was_closed()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_small_body_is_read_past(client: Client, method: str) -> None:
    for message in (
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"Content-Length: 65536\r\n\r\n" + b"x" * 65536,
    ):
        client.send(f"{method} /-/reload HTTP/1.1\r\nHost: test\r\n".encode() + message)
        assert client.answer().status == 200
        assert client.ask("/").status == 200


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert client.answer().status == 100
    client.send(b"hi")
    assert client.answer().status == 200


def test_the_server_says_what_it_allows(client: Client) -> None:
    answer = client.ask("*", method="OPTIONS")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, POST, PUT, OPTIONS")
    assert "content-length" not in answer.headers
    assert client.ask("/a", method="OPTIONS").body == b"('OPTIONS', '/a', {})"


def test_a_client_that_ends_its_side_after_the_request_is_answered() -> None:
    """Only plain: Python's clients cannot end one side of TLS."""
    with serving() as server, PLAIN.client(server) as client:
        client.send(REQUEST)
        client.socket.shutdown(1)
        assert client.answer().status == 200
        assert client.was_closed()


def test_pieces_of_an_answer_are_sent_in_order_small_ones_together(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    send = ClientStream.send

    async def noting(stream: ClientStream, data: bytes) -> None:
        sent.append(len(data.rpartition(b"\r\n\r\n")[2]))
        await send(stream, data)

    monkeypatch.setattr(ClientStream, "send", noting)
    shared = (b"a", b"b" * 40_000, b"d", b"c" * 40_000, b"", bytes(range(250)) * 12_000, b"e", b"f" * 70_000)
    answer = Response(200, b"own", shared=shared)
    with transport.serving(lambda request: answer) as server, transport.client(server) as client:
        for _ in range(2):
            assert client.ask("/metrics").body == b"".join(shared) + b"own"
            assert sent == [40_002, 40_000, 3_000_000, 1, 70_000, 3]
            head = client.ask("/metrics", method="HEAD")
            assert (head.headers["content-length"], head.body) == ("3150006", b"")
            sent.clear()


@pytest.mark.parametrize(
    ("target", "host"), [("/sd", "test"), ("http://other.example.com:99/sd", "other.example.com:99")]
)
def test_the_handler_sees_headers_but_no_credentials(transport: Transport, target: str, host: str) -> None:
    """The host of a whole URL counts more than the header."""

    def handler(request: Request) -> Response:
        return Response(200, repr(dict(request.headers)).encode())

    credentials = ("Authorization: Basic YTpi", "Proxy-Authorization: Basic YTpi", "Cookie: c")
    with transport.serving(handler) as server, transport.client(server) as client:
        seen = client.ask(target, "Accept: a", "ACCEPT: b", *credentials).body
    assert seen.decode() == repr({"host": host, "accept": "a, b"})


def test_every_answer_is_dated_and_carries_the_security_headers() -> None:
    with serving(clock=ManualClock(time=86_400.0)) as server, PLAIN.client(server) as client:
        headers = client.ask("/").headers
    assert headers == {
        "content-length": "16",
        "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "content-type": "text/plain; charset=utf-8",
        "date": "Fri, 02 Jan 1970 00:00:00 GMT",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


def test_the_operators_header_replaces_all_others() -> None:
    """An answer's own header replaces the default and the operator's replaces both."""

    def handler(request: Request) -> Response:
        own = (("content-security-policy", "default-src 'self'"), ("X-Frame-Options", "SAMEORIGIN"))
        return Response(200, b"", "text/html", own)

    operators = Security(headers={"X-Frame-Options": "", "Strict-Transport-Security": "max-age=1"})
    with serving(handler, security=operators) as server, PLAIN.client(server) as client:
        headers = client.ask("/").headers
    assert headers["content-type"] == "text/html"
    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["strict-transport-security"] == "max-age=1"
    assert "x-frame-options" not in headers


@pytest.mark.parametrize("headers", [(("Bad\r\nName", "x"),), (("X", "two\r\nlines"),)])
def test_an_answer_with_malformed_headers_becomes_an_error(
    headers: tuple[tuple[str, str], ...], caplog: pytest.LogCaptureFixture
) -> None:
    answer = Response(200, b"x", headers=headers)
    with serving(lambda request: answer) as server, PLAIN.client(server) as client:
        assert [client.ask("/").status for _ in range(2)] == [500, 500]
    assert caplog.messages == ["a response had malformed headers"] * 2


@pytest.mark.parametrize("is_awaited", [False, True])
def test_a_handler_that_raises_costs_one_answer_and_one_log_line(
    caplog: pytest.LogCaptureFixture, is_awaited: bool
) -> None:
    def handler(request: Request) -> Answer:
        async def respond() -> Response:
            if request.path == "/bad":
                raise RuntimeError("the-secret")
            return Response(200, b"good")

        return respond if is_awaited else asyncio.run(respond())

    with serving(handler) as server, PLAIN.client(server) as client:
        bad, good = client.ask("/bad?token=the-secret"), client.ask("/")
    assert (bad.status, bad.body) == (500, b"Internal error; see the exporter's log.\n")
    assert (good.status, good.body) == (200, b"good")
    errors = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in errors] == ["a request could not be answered"]
    assert vars(errors[0])["error"] == "RuntimeError"
    assert errors[0].exc_info is None


def test_a_slow_path_leaves_threads_for_the_others() -> None:
    held = Held()

    def handler(request: Request) -> Response:
        return held(request) if request.path == "/" else echo(request)

    with serving(handler, threads=4, threads_per_path=3) as server, contextlib.ExitStack() as stack:
        stack.callback(held.let_go)
        slow = [stack.enter_context(PLAIN.client(server)) for _ in range(10)]
        for client in slow:
            client.send(REQUEST)
        with PLAIN.client(server) as good:
            assert good.ask("/-/healthy").status == 200
        held.let_go()
        assert [client.answer().status for client in slow] == [200] * 10


@pytest.mark.parametrize(
    ("before", "after", "is_answered"),
    [
        ("plain", "tls", False),
        ("plain", "verifying", False),
        ("tls", "plain", False),
        ("tls", "verifying", False),
        ("tls", "renewed", True),
    ],
)
def test_a_kept_connection_ends_once_other_tls_is_demanded(
    authority: trustme.CA, caplog: pytest.LogCaptureFixture, before: str, after: str, is_answered: bool
) -> None:
    kinds = {name: Transport(authority) for name in ("tls", "renewed", "verifying")} | {"plain": PLAIN}
    verifying = kinds["verifying"].server_tls
    assert verifying is not None
    authority.configure_trust(verifying.context)
    verifying.context.verify_mode = ssl.CERT_REQUIRED
    current = Security(tls=kinds[before].server_tls)
    with serving(security=lambda: current) as server, kinds[before].client(server) as client:
        assert "connection" not in client.ask("/").headers
        current = Security(tls=kinds[after].server_tls)
        client.send(REQUEST)
        if is_answered:
            assert client.answer().headers["connection"] == "close"
        assert client.was_closed()
    assert caplog.records == []


@pytest.mark.parametrize("begun", [0, 9, -1])
def test_a_request_obeys_the_password_demanded_when_it_is_whole(transport: Transport, begun: int) -> None:
    """However much of it came before the password was set."""
    whole = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello"
    asked = threading.Event()
    current = Security(tls=transport.server_tls)

    def security() -> Security:
        asked.set()
        return current

    with serving(security=security) as server, transport.client(server) as client:
        assert asked.wait(60)  # the connection was accepted before the change
        client.send(whole[:begun])
        current = replace(current, users={"ana": Secret("$2b$04$" + "a" * 53)})
        client.send(whole[begun:])
        assert client.answer().status == 401


def test_closing_lets_an_answer_in_flight_finish(transport: Transport) -> None:
    held = Held(b"whole")
    with (
        transport.serving(held, body=0.0, linger=0.1) as server,
        transport.client(server) as busy,
        transport.client(server) as idle,
    ):
        busy.send(REQUEST)
        wait_until(lambda: held.begun == 1)
        closing = threading.Thread(target=server.close, args=(3600.0,))
        closing.start()
        assert idle.was_closed()
        with pytest.raises(ConnectionRefusedError):
            transport.client(server)
        held.let_go()
        answer = busy.answer()
        assert (answer.body, answer.headers["connection"]) == (b"whole", "close")
        assert busy.was_closed()
        closing.join(60)
        assert not closing.is_alive()


def test_closing_does_not_wait_longer_than_its_grace() -> None:
    held = Held()
    with serving(held) as server, PLAIN.client(server) as client, contextlib.ExitStack() as stack:
        stack.callback(held.let_go)
        client.send(REQUEST)
        wait_until(lambda: held.begun == 1)
        server.close(grace=0.1)
        assert client.was_closed()


def test_closing_twice_or_before_the_start_is_fine() -> None:
    with serving() as server:
        assert [thread.daemon for thread in threading.enumerate() if thread.name == "web"] == [True]
        server.close(0.0)
    never_started = Server(echo, [bind("127.0.0.1:0")], clock=SystemClock())
    never_started.close(0.0)
    never_started.close(0.0)


def fail_to_accept(monkeypatch: pytest.MonkeyPatch, errors: list[BaseException]) -> None:
    """Raise each of them on the server's thread while a client waits to be accepted, and keep nothing of it."""
    accept = asyncio.SelectorEventLoop.sock_accept

    async def failing(loop: asyncio.SelectorEventLoop, listener: socket.socket) -> tuple[socket.socket, Any]:
        while not select.select([listener], [], [], 0)[0]:
            await asyncio.sleep(0.001)
        if errors:
            raise errors.pop()
        return await accept(loop, listener)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_accept", failing)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), ["MemoryError"]),
        (OSError(errno.ENOMEM, "no memory"), ["no memory"]),
        (OSError(errno.EPERM, "a firewall forbids it"), ["a firewall forbids it"]),
        (ConnectionAbortedError(errno.ECONNABORTED, "gave up"), []),
        (RuntimeError(), ["RuntimeError"]),
    ],
    ids=repr,
)
def test_whatever_accepting_raises_costs_a_moment(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: BaseException, told: list[str]
) -> None:
    fail_to_accept(monkeypatch, [error])
    with serving() as server, PLAIN.client(server) as client:
        assert client.ask("/").status == 200
        assert not server.has_failed
    assert [vars(record)["error"] for record in caplog.records] == told


def test_an_unexpected_error_costs_one_connection_and_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    errors = [RuntimeError("the-secret")]

    def security() -> Security:
        if errors:
            raise errors.pop()
        return Security()

    with serving(security=security) as server:
        with PLAIN.client(server) as client:
            assert client.was_closed()
        with PLAIN.client(server) as client:
            assert client.ask("/").status == 200
    told = [(record.getMessage(), vars(record)["error"]) for record in caplog.records]
    assert told == [("a connection failed", "RuntimeError")]


def test_a_server_that_ends_by_itself_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fail_to_accept(monkeypatch, [KeyboardInterrupt()])
    with serving() as server, PLAIN.client(server):
        wait_until(lambda: server.has_failed and "web" not in [each.name for each in threading.enumerate()])
    gc.collect()  # asyncio would tell of the task that ended it, too
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == ["the web server has stopped"]
    assert vars(errors[0])["error"] == "KeyboardInterrupt"


def test_a_server_is_responsive_until_its_event_loop_hangs() -> None:
    clock, held = ManualClock(), Held()

    def security() -> Security:
        held()
        return Security()

    with serving(clock=clock, security=security) as server, PLAIN.client(server) as client:
        assert server.unresponsive_for() == 0.0
        client.send(REQUEST)
        wait_until(lambda: held.begun == 1)
        clock.advance(100.0)
        assert server.unresponsive_for() == 99.0
        held.let_go()
        assert client.answer().status == 200
        wait_until(lambda: server.unresponsive_for() == 0.0)


def test_a_server_is_unresponsive_while_every_thread_hangs() -> None:
    clock, held = ManualClock(), Held()
    with serving(held, clock=clock, threads=1, threads_per_path=1) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(PLAIN.client(server)) for _ in range(2)]
        for client in clients:
            client.send(REQUEST)

        def hangs() -> bool:
            clock.advance(20.0)
            return server.unresponsive_for() > 60.0

        wait_until(hangs)
        held.let_go()
        assert [client.answer().status for client in clients] == [200, 200]


def test_a_server_is_unresponsive_while_it_cannot_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, errors = ManualClock(), list[BaseException]([OSError(errno.EMFILE, "")] * 1_000)
    fail_to_accept(monkeypatch, errors)
    monkeypatch.setattr("exporter.httpd.server._PAUSE", 0.01)
    monkeypatch.setattr("exporter.httpd.server._HEARTBEAT", 0.001)
    with serving(clock=clock) as server, PLAIN.client(server) as client:
        wait_until(lambda: len(errors) < 1_000)
        clock.advance(100.0)
        wait_until(lambda: len(errors) < 990)  # meanwhile the heart would have beaten
        assert server.unresponsive_for() >= 99.0
        errors.clear()
        assert client.ask("/").status == 200
        wait_until(lambda: server.unresponsive_for() == 0.0)


def count_tasks() -> int:
    gc.collect()
    return sum(type(each) is asyncio.Task for each in gc.get_objects())


def test_clients_that_reset_are_no_error_and_leave_nothing(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    body = bytes(3_000_000)
    lines = (b"GET / HTTP/1.0", b"GET / HTTP/1.1", b"nonsense")
    with transport.serving(lambda request: Response(200, body)) as server:
        before = count_tasks()
        for request_line, read_first in [*itertools.product(lines, (True, False))] * 5:
            with transport.client(server) as client:
                client.send(request_line + b"\r\nHost: test\r\n\r\n")
                if read_first:
                    client.socket.recv(1)
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_until(lambda: open_connections(server.addresses[0]) == 0)
        wait_until(lambda: count_tasks() == before)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_client_that_floods_after_its_last_answer_stops_nobody(transport: Transport) -> None:
    """What it sends is always there to be read, so the server must let others in between by itself."""
    with transport.serving() as server, transport.client(server) as flooding:
        assert flooding.ask("/", "Connection: close").status == 200
        ended = threading.Event()

        def flood() -> None:
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    flooding.send(bytes(1_000_000))

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            for _ in range(3):
                with transport.client(server) as good:
                    assert good.ask("/").status == 200
        finally:
            ended.set()
            flooding.socket.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("lacking", ["web", "web-answer", "web-handshake", "web-login"])
def test_a_machine_without_threads_for_it_is_an_error_and_no_endless_wait(
    monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    start = threading.Thread.start

    def start_others(thread: threading.Thread) -> None:
        if thread.name.partition("_")[0] == lacking:
            raise RuntimeError("can't start new thread")
        start(thread)

    server = Server(echo, [bind("127.0.0.1:0")], clock=SystemClock())
    monkeypatch.setattr(threading.Thread, "start", start_others)
    with pytest.raises(RuntimeError):
        server.start()
    server.close(0.0)
