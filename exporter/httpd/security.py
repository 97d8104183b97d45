"""Access control of the server: its TLS context, and TLS, passwords and headers as values."""

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from exporter.httpd.basic_auth import Users

DEFAULT_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
"""Sent with every response that does not bring its own."""

_SAN_KINDS: Final = frozenset({"DNS", "IP Address", "email", "URI"})


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The TLS settings of the server.

    ``allowed_sans`` are the subject alternative names (DNS, IP, e-mail, URI) a verified client certificate must have
    one of, in their :func:`canonical_san` form; empty means any certificate that ``context`` accepts.
    """

    context: ssl.SSLContext
    allowed_sans: frozenset[str] = frozenset()

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Return whether a client with this verified certificate, as ``getpeercert`` gives it, may enter."""
        if not self.allowed_sans:
            return True
        names: Sequence[tuple[str, str]] = (certificate or {}).get("subjectAltName", ())
        return any(canonical_san(name) in self.allowed_sans for kind, name in names if kind in _SAN_KINDS)


@dataclass(frozen=True, slots=True)
class Security:
    """``None`` means without TLS, without passwords.

    ``headers`` are the operator's: they replace what a response brings, and an empty value leaves the header out.
    """

    tls: ServerTls | None = None
    users: Users | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def canonical_san(name: str) -> str:
    """Return one form of a subject alternative name, so that two spellings of one IP address are equal."""
    name = name.strip()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name


def server_context(certificates: str, key: str) -> ssl.SSLContext:
    """Return the TLS context for a PEM chain. Raise :class:`ssl.SSLError` if its ``key`` cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a client could ask for any number of handshakes
    context.set_alpn_protocols(["http/1.1"])
    with _as_file(certificates) as cert_file, _as_file(key) as key_file:
        context.load_cert_chain(cert_file, key_file, password="")  # OpenSSL would ask at the terminal
    return context


@contextlib.contextmanager
def _as_file(pem: str) -> Iterator[str]:
    """Yield the name of a file with this text: ``ssl`` reads certificates and keys only from files.

    On Linux the file is in memory, so that no writable file system is needed and a key is never written to disk.
    """
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        with open(os.memfd_create("pem", os.MFD_CLOEXEC), "wb") as memory:
            memory.write(pem.encode())
            memory.flush()
            yield f"/proc/self/fd/{memory.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:  # readable by its owner alone
            file.write(pem.encode())
            file.flush()
            yield file.name
