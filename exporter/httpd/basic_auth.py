"""Basic authentication against bcrypt hashes.

bcrypt is slow by design, so credentials that were correct once are remembered, as a keyed digest that does not reveal
the password.
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

Users = Mapping[str, Secret]
"""The users who may enter, at least one, each with a hash that passes :func:`is_bcrypt_hash`."""

_HASH: Final = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_COST: Final = slice(4, 6)
_BCRYPT_BYTES: Final = 72
"""bcrypt never reads further, and neither did the tool that made the hash."""
_REMEMBERED: Final = 256


def is_bcrypt_hash(text: str) -> bool:
    """Return whether a hash has bcrypt's form, with one of its costs (4 to 31)."""
    return _HASH.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: Secret


def read_credentials(authorization: str | None) -> Credentials | None:
    """Read an ``Authorization`` header; return ``None`` where it is missing or not well-formed ``Basic``."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return Credentials(user, Secret(password)) if colon else None


class PasswordChecker:
    """Checks passwords and remembers the right ones. Safe to use from several threads.

    It outlives a change of the users: a pair is forgotten only when the hash of its own user changes.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def remembers(self, users: Users, credentials: Credentials) -> bool:
        """Return whether these were verified before against the same hash. Takes microseconds."""
        digest = self._digest(users, credentials)
        with self._lock:
            if digest not in self._verified:
                return False
            self._verified.move_to_end(digest)
            return True

    def verify(self, users: Users, credentials: Credentials) -> bool:
        """Return whether user and password are right. Takes as long as bcrypt does, for unknown users too."""
        if self.remembers(users, credentials):
            return True
        known = credentials.user in users
        stored = users[credentials.user].reveal() if known else _decoy(users)
        right = _matches(credentials.password.reveal(), stored) and known
        if right:
            with self._lock:
                self._verified[self._digest(users, credentials)] = None
                if len(self._verified) > _REMEMBERED:
                    self._verified.popitem(last=False)
        return right

    def _digest(self, users: Users, credentials: Credentials) -> bytes:
        stored = users.get(credentials.user, Secret("")).reveal()
        parts = repr((credentials.user, credentials.password.reveal(), stored))
        return hmac.digest(self._key, parts.encode(), "sha256")


def _decoy(users: Users) -> str:
    """Return a random hash of the highest cost, so that response times do not reveal unknown users."""
    cost = max(int(stored.reveal()[_COST]) for stored in users.values())
    return bcrypt.gensalt(cost).decode() + secrets.token_hex()[:31]


def _matches(password: str, hashed: str) -> bool:
    try:
        return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], hashed.encode())
    except ValueError:  # a salt that bcrypt does not take, or a NUL byte, which an older one does not
        return False
