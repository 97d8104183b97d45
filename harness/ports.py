"""Addresses on the loopback that nobody can be reached at, for what happens before there is a connection."""

import contextlib
import secrets
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses every connection, and that nobody else is given meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextlib.contextmanager
def unreachable_port() -> Iterator[int]:
    """A port of 127.0.0.1 where connecting hangs, as it does for an address without a route.

    The kernel drops every new connection because the queue of those that nobody accepts is full.
    """
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # A queue of 0 takes one connection on Linux; a second one shows that it is full where it takes more.
        for _ in range(8):
            filler = sockets.enter_context(socket.socket())
            filler.settimeout(0.2)
            try:
                filler.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]


def own_address() -> str:
    """Return ``host:port`` for a server that cannot say which port it was given.

    The host is one of 8 million of the loopback, at random: a free port of 127.0.0.1 could be taken by another program
    before the server listens there.
    """
    return f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}:9999"
