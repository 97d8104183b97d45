"""What stands between a client and the routes: TLS, passwords and the headers of every response."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from exporter.httpd.basic_auth import Users
from exporter.httpd.tls import ServerTls

DEFAULT_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
"""Sent with every response that does not bring its own."""


@dataclass(frozen=True, slots=True)
class Security:
    """``None`` means without TLS, without passwords.

    ``headers`` are the operator's: they replace what a response brings, and an empty value leaves the header out.
    """

    tls: ServerTls | None = None
    users: Users | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def taken_away(before: Security, after: Security) -> tuple[str, ...]:
    """Return what kept clients out before and does no longer, in words."""
    return tuple(_lost(before, after))


def _lost(before: Security, after: Security) -> Iterator[str]:
    if before.tls is not None and after.tls is None:
        yield "TLS"
    if before.users is not None and after.users is None:
        yield "the passwords"
    if before.tls is not None and after.tls is not None:
        if after.tls.context.verify_mode < before.tls.context.verify_mode:
            yield "the check of client certificates"
        if before.tls.allowed_sans and not after.tls.allowed_sans:
            yield "client_allowed_sans"
