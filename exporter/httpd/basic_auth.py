"""Basic authentication against bcrypt hashes.

bcrypt is slow on purpose, so a pair that was right once is remembered, and what is remembered is a keyed digest
that tells nothing of the password.
"""

import base64
import binascii
import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import bcrypt

from exporter.model.secret import Secret

CHALLENGE: Final = ("WWW-Authenticate", 'Basic realm="zapi-exporter", charset="UTF-8"')

_HASH: Final = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_BCRYPT_BYTES: Final = 72
"""bcrypt never reads further, and neither did the tool that made the hash."""
_REMEMBERED: Final = 256


def is_bcrypt_hash(text: str) -> bool:
    """Whether a hash has bcrypt's form, with one of its costs (4 to 31)."""
    return _HASH.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: Secret


def read_credentials(authorization: str | None) -> Credentials | None:
    """What an ``Authorization`` header says; ``None`` where it is missing or no well-formed ``Basic``."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return Credentials(user, Secret(password)) if colon else None


class BasicAuth:
    """The users who may enter, each with a bcrypt hash. Safe to use from several threads."""

    def __init__(self, users: Mapping[str, Secret]) -> None:
        """``users`` is not empty, and each hash passes :func:`is_bcrypt_hash`."""
        self._users = dict(users)
        self._decoys = [_decoy(hashed.reveal()) for hashed in users.values()]
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def remembers(self, credentials: Credentials) -> bool:
        """Whether these were verified before. Takes microseconds."""
        digest = self._digest(credentials)
        with self._lock:
            if digest not in self._verified:
                return False
            self._verified.move_to_end(digest)
            return True

    def verify(self, credentials: Credentials) -> bool:
        """Whether user and password are right. Takes as long as bcrypt does, for unknown users too."""
        if self.remembers(credentials):
            return True
        known = self._users.get(credentials.user)
        stored = known.reveal() if known is not None else self._decoy_for(credentials.user)
        right = _matches(credentials.password.reveal(), stored) and known is not None
        if right:
            self._remember(self._digest(credentials))
        return right

    def _remember(self, digest: bytes) -> None:
        with self._lock:
            self._verified[digest] = None
            if len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)

    def _digest(self, credentials: Credentials) -> bytes:
        stored = self._users.get(credentials.user)
        parts = (
            credentials.user,
            credentials.password.reveal(),
            stored.reveal() if stored is not None else "",
        )
        lengths_first = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.digest(self._key, lengths_first.encode(), "sha256")

    def _decoy_for(self, user: str) -> str:
        """Always the same hash for one user name: with hashes of several costs, one that changed would show."""
        place = int.from_bytes(hmac.digest(self._key, user.encode(), "sha256"), "big")
        return self._decoys[place % len(self._decoys)]


def _decoy(hashed: str) -> str:
    """A hash of nothing known, as costly to check as ``hashed``."""
    cost = int(_HASH.fullmatch(hashed)[1])  # type: ignore[index]
    return bcrypt.gensalt(cost).decode() + secrets.token_hex(16)[:31]


def _matches(password: str, hashed: str) -> bool:
    try:
        return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], hashed.encode())
    except ValueError:  # a NUL byte in the password: bcrypt takes none
        return False
