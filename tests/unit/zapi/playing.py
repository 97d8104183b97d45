"""A server, plain or over TLS, whose every connection does what a test wrote for it."""

import contextlib
import fcntl
import socket
import ssl
import termios
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import trustme

from exporter.model.clock import SystemClock
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from exporter.zapi.connection import Resolver, Route
from exporter.zapi.transport import Adapter, Request
from harness.waiting import wait_until
from tests.builders import server_tls

PATIENCE: Final = 60.0
BODY: Final = b'{"connected":true}'


def reply(body: bytes = BODY, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OWN: Final = reply()

Play = Callable[[socket.socket], None]
"""What one connection does; it closes at the end."""


@dataclass
class PlayedServer:
    """``connections`` is how many were accepted; ``ca_pem`` vouches for a server with ``tls``.

    Connections that are ``open`` at the end of the test are shut down.
    """

    scheme: str
    host: str
    port: int
    ca_pem: str | None
    connections: int = 0
    open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def client(self, timeout: float = PATIENCE, **options: Any) -> ZapiClient:
        return a_client(self.url, timeout, self.ca_pem, **options)


@contextlib.contextmanager
def playing(
    *plays: Play,
    tls: bool = False,
    context: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[PlayedServer]:
    """Accept one connection for each play, all of them open at once if need be. ``context`` is another TLS."""
    ca_pem = None
    if tls:
        authority = trustme.CA()
        context, ca_pem = server_tls(authority, host), authority.cert_pem.bytes().decode()
    with socket.create_server((host, port)) as listener:
        server = PlayedServer("https" if context else "http", host, listener.getsockname()[1], ca_pem)

        def accept() -> None:
            for play in plays:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return  # the test is over
                server.connections += 1
                thread = threading.Thread(target=_run, args=(server, accepted, context, play), daemon=True)
                threads.append(thread)
                thread.start()

        threads = [threading.Thread(target=accept, daemon=True)]
        threads[0].start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        for accepted in server.open:
            with contextlib.suppress(OSError):  # it is closed already
                accepted.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(PATIENCE)


def a_client(url: str, timeout: float = PATIENCE, ca_pem: str | None = None, **options: Any) -> ZapiClient:
    """Return a client, whose idle connections are closed with the last reference to it."""
    return ZapiClient(Api(url, timeout, ca_pem), **{"clock": SystemClock(), **options})


def a_route(base_url: str) -> Route:
    """Return a route that goes there directly."""
    return Route(base_url, ssl.create_default_context(), None, Resolver())


def an_adapter(base_url: str) -> Adapter:
    """Return an adapter that goes there directly."""
    return Adapter(a_route(base_url), SystemClock())


def a_request(base_url: str) -> Request:
    return Request(a_route(base_url), "GET", f"{base_url}/me", {})


def read_head(accepted: socket.socket) -> bytes:
    """Read one request. Raise :class:`ConnectionResetError` where the client closed instead."""
    received = b""
    while b"\r\n\r\n" not in received:
        block = accepted.recv(65536)
        if not block:
            raise ConnectionResetError
        received += block
    return received


def deliver(accepted: socket.socket, data: bytes) -> None:
    """Send, and wait until the client's system has acknowledged it all: a busy one may take its time."""
    accepted.sendall(data)
    wait_until(lambda: fcntl.ioctl(accepted, termios.TIOCOUTQ, bytes(4)) == bytes(4), PATIENCE)


def answering(*answers: bytes, heads: list[bytes] | None = None) -> Play:
    """Give one answer after the other, each to a request that is added to ``heads``."""

    def play(accepted: socket.socket) -> None:
        for answer in answers:
            head = read_head(accepted)
            if heads is not None:
                heads.append(head)
            accepted.sendall(answer)

    return play


def _run(server: PlayedServer, accepted: socket.socket, context: ssl.SSLContext | None, play: Play) -> None:
    with contextlib.suppress(OSError):  # the client went away
        if context is not None:
            accepted = context.wrap_socket(accepted, server_side=True)
        server.open.append(accepted)
        with accepted:
            play(accepted)
