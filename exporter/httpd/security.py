"""Access control of the server as values: TLS, passwords and the headers of every response."""

import ipaddress
import ssl
from collections.abc import Mapping, Sequence
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
