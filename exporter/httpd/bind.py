"""Sockets that listen at the addresses a user types."""

import errno
import os
import socket
from typing import Final

BACKLOG: Final = 512
"""Connections the kernel keeps for us while we are busy: a burst of slow clients must not crowd out a scrape."""

_WAYS_OUT: Final = {
    errno.EADDRINUSE: "another program listens there: stop it, or choose another port",
    errno.EACCES: "ports below 1024 need a privilege (CAP_NET_BIND_SERVICE): choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose one of its own, or ':PORT' for all",
}
_NO_IPV6: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class CannotBind(Exception):
    """An address cannot be listened at. The text is one line: the address, what is wrong, and the way out."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"cannot listen at {address!r}: {problem}")


def bind(address: str) -> socket.socket:
    """A listening socket for ``host:port``, ``[::1]:port`` or ``:port``, which is every interface, IPv4 and IPv6.

    Port 0 lets the system choose one. Raises :class:`CannotBind`.
    """
    host, port = split_address(address)
    try:
        listener = _everywhere(port) if host == "" else _at(host, port)
    except socket.gaierror:
        raise CannotBind(address, f"the host {host!r} cannot be resolved: write an IP address") from None
    except OSError as error:
        raise CannotBind(address, _explain(error)) from None
    listener.setblocking(False)
    return listener


def describe(listener: socket.socket) -> str:
    """``host:port`` of a listening socket, as it can be typed into a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_address(address: str) -> tuple[str, int]:
    """Host and port; the host is empty for every interface. Raises :class:`CannotBind`."""
    host, colon, port = address.rpartition(":")
    if not colon:
        raise CannotBind(address, "the port is missing: write 'host:port', '[::1]:port' or ':port'")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not host:
            raise CannotBind(
                address, "the brackets are empty: write '[::]:port' or ':port' for every interface"
            )
    elif ":" in host:
        raise CannotBind(address, f"an IPv6 address needs brackets: write '[{host}]:{port}'")
    if not (port.isascii() and port.isdigit() and int(port) <= 0xFFFF):
        raise CannotBind(address, f"{port!r} is no port: write a number from 0 to 65535")
    return host, int(port)


def _everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
            )
        except OSError as error:
            if error.errno not in _NO_IPV6:
                raise
    return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)


def _at(host: str, port: int) -> socket.socket:
    flags = socket.AI_PASSIVE
    family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)[0]
    return socket.create_server(place[:2], family=family, backlog=BACKLOG)


def _explain(error: OSError) -> str:
    number = error.errno or 0
    return _WAYS_OUT.get(number) or f"{os.strerror(number)}: choose another address"
