"""How the server speaks TLS, and whose certificate may enter."""

import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_SAN_KINDS: Final = frozenset({"DNS", "IP Address", "email", "URI"})


@dataclass(frozen=True, slots=True)
class ServerTls:
    """How the server speaks TLS.

    ``allowed_sans`` are the subject alternative names (DNS, IP, e-mail, URI) a verified client certificate
    must have one of, in their :func:`canonical_san` form; empty means any certificate that ``context`` accepts.
    """

    context: ssl.SSLContext
    allowed_sans: frozenset[str] = frozenset()

    @property
    def verifies_clients(self) -> bool:
        """Whether clients show a certificate in the handshake."""
        return self.context.verify_mode is not ssl.CERT_NONE

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Return whether a client with this verified certificate, as ``getpeercert`` gives it, may enter."""
        if not self.allowed_sans:
            return True
        names: Sequence[tuple[str, str]] = (certificate or {}).get("subjectAltName", ())
        return any(canonical_san(name) in self.allowed_sans for kind, name in names if kind in _SAN_KINDS)


def canonical_san(name: str) -> str:
    """Return one form of a subject alternative name, so that two spellings of one IP address are equal."""
    name = name.strip()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
