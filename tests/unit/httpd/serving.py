"""A real server on a real socket, and clients that say exactly what they are told."""

import base64
import io
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt
import trustme

from exporter.httpd.basic_auth import Users
from exporter.httpd.bind import bind
from exporter.httpd.limits import Limits
from exporter.httpd.message import Handler, Request, Response
from exporter.httpd.security import Security, ServerTls
from exporter.httpd.server import Server
from exporter.model.clock import Clock, SystemClock
from exporter.model.secret import Secret
from tests.builders import client_tls, server_tls

PATIENCE = 60.0
"""Seconds after which a test that waits has failed."""
REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
_PATIENT = dict.fromkeys(("handshake", "head", "body", "login", "idle", "write", "linger"), 3600.0)
"""Limits with which no client is given up: neither a busy machine nor another limit ends what a test begins."""
_LISTENS = "0A"
_NO_INODE = "0"
"""Of a connection that no process holds: it was not accepted yet, or is closed."""


def echo(request: Request) -> Response:
    """What the server understood, to be compared by a test."""
    return Response(200, repr((request.method, request.path, dict(request.query))).encode())


@contextmanager
def serving(
    handler: Handler = echo,
    *,
    security: Security | Callable[[], Security] = Security,
    clock: Clock | None = None,
    addresses: Sequence[str] = ("127.0.0.1:0",),
    **limits: Any,
) -> Iterator[Server]:
    """A server with one security, or with what the function returns at the moment."""
    current = (lambda: security) if isinstance(security, Security) else security
    listeners = [bind(address) for address in addresses]
    its = Limits(**{**_PATIENT, **limits})
    server = Server(handler, listeners, clock=clock or SystemClock(), security=current, limits=its)
    server.start()
    try:
        yield server
    finally:
        server.close(grace=0.0)


class Held:
    """Work that lasts until it is let go, such as a handler that answers then; and how much of it ran at once."""

    def __init__(self, body: bytes = b"") -> None:
        self.begun = self.most = self._running = 0
        self._body = body
        self._count, self._may_end = threading.Lock(), threading.Semaphore(0)

    def __call__(self, *_: object) -> Response:
        with self._count:
            self.begun += 1
            self._running += 1
            self.most = max(self.most, self._running)
        self._may_end.acquire(timeout=2 * PATIENCE)  # a client that waits for it gives up first
        with self._count:
            self._running -= 1
        return Response(200, self._body)

    def let_go(self, number: int = 1_000) -> None:
        self._may_end.release(number)


def open_connections(address: str) -> int:
    """How many connections a server at ``127.0.0.1:port`` has accepted and not closed, as the kernel says."""
    port = f":{int(address.rpartition(':')[2]):04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:])
    return sum(row[1].endswith(port) and row[3] != _LISTENS and row[9] != _NO_INODE for row in rows)


def place_of(server: Server) -> tuple[str, int]:
    host, port = server.addresses[0].rsplit(":", 1)
    return host, int(port)


@dataclass(frozen=True)
class Answer:
    """``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """One connection. Reading gives up after :data:`PATIENCE`."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(PATIENCE)
        self.socket = connected
        self._file = io.BufferedReader(socket.SocketIO(connected, "r"))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, target: str, *headers: str, method: str = "GET") -> Answer:
        lines = [f"{method} {target} HTTP/1.1", "Host: test", *headers]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return self.answer(method)

    def answer(self, method: str = "GET") -> Answer:
        status_line = self._file.readline()
        if not status_line:
            raise ConnectionResetError("closed instead of an answer")
        headers = {}
        while line := self._file.readline().strip().decode():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        return Answer(int(status_line.split()[1]), headers, self._file.read(length))

    def was_closed(self) -> bool:
        """Waits for the server's end of the connection; whether nothing more came before it."""
        try:
            return self._file.read() == b""
        except ConnectionResetError:
            return True


class Transport:
    """Plain HTTP, or HTTPS with a certificate of an own authority."""

    def __init__(self, authority: trustme.CA | None) -> None:
        self.server_tls: ServerTls | None = None
        self._client_tls: ssl.SSLContext | None = None
        if authority is not None:
            self.server_tls = ServerTls(server_tls(authority))
            self._client_tls = client_tls(authority)

    def serving(self, handler: Handler = echo, **limits: Any) -> AbstractContextManager[Server]:
        return serving(handler, security=Security(tls=self.server_tls), **limits)

    def client(self, server: Server, source: str = "127.0.0.1") -> Client:
        return Client(self.wrap(socket.create_connection(place_of(server), PATIENCE, (source, 0))))

    def wrap(self, connected: socket.socket, pause: Callable[[], object] = lambda: None) -> socket.socket:
        """``pause`` is called before each flight of the handshake."""
        if self._client_tls is None:
            return connected
        wrapped = self._client_tls.wrap_socket(
            connected, server_hostname="127.0.0.1", do_handshake_on_connect=False
        )
        try:
            wrapped.setblocking(False)
            readable = select.poll()  # it takes any number of descriptors, which select() does not
            readable.register(wrapped, select.POLLIN)
            while True:
                pause()
                try:
                    wrapped.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    readable.poll(PATIENCE * 1000)
            wrapped.settimeout(PATIENCE)
        except BaseException:
            wrapped.close()
            raise
        return wrapped


PLAIN = Transport(None)


def hashed(password: str, cost: int = 4) -> Secret:
    return Secret(bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode())


def header(user: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


USERS: Users = {"ana": hashed("right")}
