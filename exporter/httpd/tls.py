"""TLS as a filter between bytes of the wire and bytes of HTTP: it reads and writes nothing itself."""

import contextlib
import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_RECORD: Final = 64 * 1024
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


class TlsStream:
    """The server's end of one TLS connection.

    After every call, :meth:`outgoing` gives the bytes that must go to the client. Calls raise
    :class:`ssl.SSLError` when the client breaks the protocol or its certificate is refused.
    """

    def __init__(self, tls: ServerTls) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = tls.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.ended = False

    def handshake(self, received: bytes) -> bool:
        """Take bytes of the handshake; return whether it is complete."""
        self._incoming.write(received)
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def decrypt(self, received: bytes) -> bytes:
        """Return what whole records say; ``ended`` is set once the client has sent its close_notify."""
        self._incoming.write(received)
        plain = bytearray()
        try:
            while chunk := self._session.read(_RECORD):
                plain += chunk
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return bytes(plain)

    def encrypt(self, data: memoryview) -> None:
        while data:
            data = data[self._session.write(data) :]

    def close_notify(self) -> None:
        """End our side, so that the client knows the last answer was whole."""
        with contextlib.suppress(ssl.SSLError, OSError):  # the client's own has not come, or never will
            self._session.unwrap()

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def client_certificate(self) -> Mapping[str, Any] | None:
        """Return the client's verified certificate; ``None`` where it has shown none."""
        return self._session.getpeercert()


def canonical_san(name: str) -> str:
    """Return one form of a subject alternative name, so that two spellings of one IP address are equal."""
    name = name.strip()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
