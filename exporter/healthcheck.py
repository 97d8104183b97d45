"""The health check of the image, which has no curl: whether the exporter of this container answers.

A running exporter publishes its addresses in the names of sockets in Linux' abstract namespace, which need no file
system that can be written, and vanish with the process. Nobody connects to them: ``/proc/net/unix`` lists the names.
"""

import contextlib
import http.client
import os
import socket
import ssl
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_NAMES: Final = Path("/proc/net/unix")
_NAMESPACE: Final = Path("/proc/self/ns/pid")

_ALIVE: Final = frozenset({200, 401, 403, 429})
"""Statuses of a running exporter. 401, 403 and 429 only mean that it rejected the check, which has no credentials."""
_NEEDS_TLS: Final = 400
_TIMEOUT: Final = 4.0
_EVERY_INTERFACE: Final = frozenset({"0.0.0.0", "[::]"})
_LOOPBACK: Final = ("127.0.0.1", "::1")


@contextlib.contextmanager
def published(places: Sequence[str]) -> Iterator[None]:
    """While the context is open, let processes of the same container find each of ``places``.

    This does nothing on a system without such names.
    """
    with contextlib.ExitStack() as names:
        for place in places:
            with contextlib.suppress(OSError):  # no such names on this system, or not allowed here
                name = names.enter_context(socket.socket(socket.AF_UNIX))
                name.bind(f"\0{_prefix()}{place}".encode())
        yield


def find_published() -> list[str]:
    """Return the places that exporters of this container have published. Raise :class:`OSError`."""
    prefix = f"@{_prefix()}"
    words = (
        line.split()[-1] for line in _NAMES.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    )
    return sorted(word.removeprefix(prefix) for word in words if word.startswith(prefix))


def _prefix() -> str:
    """Return the prefix of the names of this container: by its PID namespace, as its network may be shared."""
    return f"zapi-exporter/{os.stat(_NAMESPACE).st_ino}/"


def main(places: Sequence[str]) -> int:
    """Return 0 if an exporter answers at each of ``places``; otherwise print those without an answer and return 1."""
    if not places:
        print("no exporter is listening in this container", file=sys.stderr)
        return 1
    silent = [place for place in places if not _answers(place)]
    for place in silent:
        print(f"the exporter does not answer at {place}", file=sys.stderr)
    return 1 if silent else 0


def _answers(place: str) -> bool:
    """Return whether an exporter answers at ``place``: an address and the prefix of its paths, ``[::]:10917/zapi``."""
    address, slash, prefix = place.partition("/")
    host, _, port = address.rpartition(":")
    path = f"{slash}{prefix}".rstrip("/") + "/-/healthy"
    hosts = _LOOPBACK if host in _EVERY_INTERFACE else (host.strip("[]"),)
    return any(_answers_at(each, int(port), path) for each in hosts)


def _answers_at(host: str, port: int, path: str) -> bool:
    try:
        status = _ask(http.client.HTTPConnection(host, port, timeout=_TIMEOUT), path)
        if status == _NEEDS_TLS:
            unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE  # nothing secret is sent
            secure = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=unverified)
            status = _ask(secure, path)
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it wants a certificate, which the check does not have
    except (OSError, http.client.HTTPException):
        return False
    return status in _ALIVE


def _ask(connection: http.client.HTTPConnection, path: str) -> int:
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    try:
        sys.exit(main(find_published()))
    except OSError as error:
        sys.exit(f"the exporter cannot be looked for: {error}")
