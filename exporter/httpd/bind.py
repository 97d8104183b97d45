"""Listening sockets for the addresses that a user gives."""

import errno
import ipaddress
import os
import re
import socket
from typing import Final

BACKLOG: Final = 512
"""Connections the kernel keeps for us while we are busy: a burst of slow clients must not crowd out a scrape."""

_WAYS_OUT: Final = {
    errno.EADDRINUSE: "another program listens there: choose another port",
    errno.EACCES: "ports below 1024 need a privilege (CAP_NET_BIND_SERVICE): choose another port",
    errno.EINVAL: "a link-local address needs its interface, as in '[fe80::1%eth0]:PORT'",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose one of its own, or ':PORT' for all",
}
_TAKEN_TWICE: Final = "another program listens there, or the address is given twice: choose another port"
_NO_IPV6: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_PORT: Final = re.compile("[0-9]{1,5}")
_HIGHEST_PORT: Final = 65535
_EXAMPLE_PORT: Final = 10917
_FORMS: Final = "'host:port', '[::1]:port' or ':port'"


class CannotBind(Exception):
    """The server cannot listen on an address. The text is one line: the address, the problem and the solution."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"cannot listen at {address[:80]!r}: {problem}")


def bind(address: str, *, is_only_one: bool = True) -> socket.socket:
    """Listen at ``host:port``, ``[::1]:port``, or at ``:port`` or ``[::]:port`` on every interface, IPv4 and IPv6.

    Port 0 lets the system choose one. ``is_only_one`` is false where others were asked for too, perhaps this one again.
    Raise :class:`CannotBind`.
    """
    typed, _, port = address.rpartition(":")
    if (problem := _problem_of_address(address, typed, port)) is not None:
        raise CannotBind(address, problem)
    host = typed.strip("[]")
    try:
        listener = _everywhere(int(port)) if host in ("", "::") else _at(host, int(port))
    except (socket.gaierror, UnicodeError):
        problem = f"the host {host[:80]!r} cannot be resolved: write an IP address"
        raise CannotBind(address, problem) from None
    except OSError as error:
        number = error.errno or 0
        problem = _WAYS_OUT.get(number, f"{os.strerror(number)}: choose another address")
        if number == errno.EADDRINUSE and not is_only_one:
            problem = _TAKEN_TWICE
        raise CannotBind(address, problem) from None
    listener.listen(BACKLOG)
    listener.setblocking(False)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    return listener


def describe(listener: socket.socket) -> str:
    """Return ``host:port`` of a listening socket, as it can be typed into a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _problem_of_address(address: str, host: str, port: str) -> str | None:
    """Return what is wrong with an address, and what to write instead."""
    scheme, separator, rest = address.partition("://")
    if separator:
        place = rest.partition("/")[0].rpartition("@")[2]
        return f"it is a URL: leave out {scheme + separator!r} and write {_example(place)!r}"
    if "/" in address:
        return f"it has a path: write {_FORMS}"
    if any(map(str.isspace, address)):
        return f"it contains a space: write {_FORMS}"
    if _is_ipv6(address) and not _is_ipv6(host):
        return f"the port is missing: write '[{address}]:{_EXAMPLE_PORT}'"
    if ":" not in address or address.endswith("]"):
        return f"the port is missing: write {_example(address)!r}"
    if not _PORT.fullmatch(port) or int(port) > _HIGHEST_PORT:
        return f"{port[:20]!r} is not a port: write a number from 0 to {_HIGHEST_PORT}"
    return _problem_of_host(host, port)


def _problem_of_host(host: str, port: str) -> str | None:
    if host.strip("[]") == "*":
        return f"write ':{port}' for every interface"
    if host.startswith("[") and host.endswith("]"):
        if host == "[]":
            return f"the brackets are empty: write '[::]:{port}' or ':{port}' for every interface"
        if not _is_ipv6(host[1:-1]):
            return f"brackets are for IPv6 addresses: write '{host[1:-1].replace(':', '')}:{port}'"
        if (mapped := ipaddress.IPv6Address(host[1:-1]).ipv4_mapped) is not None:
            return f"it is an IPv4 address in IPv6's form: write '{mapped}:{port}'"
    elif ":" in host and not _is_ipv6(host):
        return f"it has more than one port, or is no IPv6 address: write {_FORMS}"
    elif ":" in host:
        return f"an IPv6 address needs brackets: write '[{host}]:{port}'"
    return None


def _example(text: str) -> str:
    """Return an example address that is similar to the given one, with the default port if it has none."""
    if _PORT.fullmatch(text):
        return f":{text}"
    _, colon, port = text.rpartition(":")
    return text if colon and _PORT.fullmatch(port) else f"{text}:{_EXAMPLE_PORT}"


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno not in _NO_IPV6:
                raise
    return socket.create_server(("0.0.0.0", port))


def _at(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, place = found[0]
    # Pass the whole tuple: a link-local address (fe80::1%eth0) needs its scope id.
    return socket.create_server(place, family=family)
