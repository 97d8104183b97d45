"""A real HTTP proxy: it forwards and makes tunnels."""

import contextlib
import select
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.waiting import wait_until
from tests.unit.zapi.playing import PlayedServer, playing, read_head

MOST_CONNECTIONS = 9


@dataclass
class Proxy:
    """``heads`` are the heads of the first requests of its connections."""

    server: PlayedServer
    heads: list[str]
    ended: list[socket.socket] = field(default_factory=list)

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return self.server.connections - len(self.ended)

    def url(self, login: str = "") -> str:
        """``login`` is a user and a password with a colon between, percent-encoded."""
        return self.server.url.replace("//", f"//{login}@" if login else "//")

    def wait_until_all_closed(self) -> None:
        wait_until(lambda: self.open == 0)

    def hang_up(self) -> None:
        """Close all connections that are open."""
        for accepted in self.server.open:
            with contextlib.suppress(OSError):  # it is closed already
                accepted.shutdown(socket.SHUT_RDWR)
        self.wait_until_all_closed()


@contextlib.contextmanager
def proxying(tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """Run a proxy; with ``tls`` it is an https:// one."""

    def attend(accepted: socket.socket) -> None:
        try:
            forward(accepted, proxy.heads)
        finally:
            proxy.ended.append(accepted)

    with playing(*[attend] * MOST_CONNECTIONS, context=tls) as server:
        proxy = Proxy(server, [])
        yield proxy


def forward(accepted: socket.socket, heads: list[str]) -> None:
    """Make the tunnel, or forward this request and all that come after it on the connection."""
    head = read_head(accepted).decode("latin-1")
    heads.append(head)
    method, target, _ = head.split(" ", 2)
    url = urlsplit(f"//{target}" if method == "CONNECT" else target)
    with socket.create_connection((url.hostname, url.port or 0)) as upstream:
        if method == "CONNECT":
            server = b""
            accepted.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            server = f"{url.scheme}://{url.netloc}".encode()
            upstream.sendall(head.encode("latin-1").replace(server, b""))
        readable = select.poll()
        sinks = {accepted.fileno(): (accepted, upstream), upstream.fileno(): (upstream, accepted)}
        for descriptor in sinks:
            readable.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in readable.poll():
                source, sink = sinks[descriptor]
                block = source.recv(65_536)
                if not block:
                    return
                sink.sendall(block.replace(server, b"") if server and source is accepted else block)
