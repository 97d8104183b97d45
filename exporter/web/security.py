"""What stands between a client and the routes: TLS, passwords and the headers of every answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from exporter.web.auth import BasicAuth
from exporter.web.tls import ServerTls

DEFAULT_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
"""Sent with every answer that does not bring its own."""


@dataclass(frozen=True, slots=True)
class Security:
    """``None`` means without TLS, without passwords.

    ``headers`` are the operator's: they replace what an answer brings, and an empty value leaves the header out.
    """

    tls: ServerTls | None = None
    users: BasicAuth | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
