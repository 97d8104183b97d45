"""The body of a reply, decoded while it comes in."""

import zlib
from typing import Final

MAX_BODY: Final = 1024 * 1024
"""Largest body accepted, in bytes, before and after decompression."""

_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_MAX_MEMBERS: Final = 100
"""Most gzip members in one body: each costs a copy of all that follows it in a block."""


class InvalidReply(Exception):
    """What came is not HTTP/1.0 or 1.1, or its end is not where it says."""


class BodyTooLarge(Exception):
    """The body is larger than :data:`MAX_BODY`, as sent or once decompressed."""


class UnrequestedEncoding(Exception):
    """The reply came in an encoding that the request did not ask for."""


class CorruptBody(Exception):
    """The body is not in the encoding that the headers name, or was cut short."""


class BodyDecoder:
    """Decodes block by block, so that a body that unpacks to too much is given up at once.

    Raise :class:`UnrequestedEncoding` for a ``Content-Encoding`` other than gzip and identity.
    """

    def __init__(self, content_encoding: str) -> None:
        encoding = content_encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise UnrequestedEncoding
        self._gzip = zlib.decompressobj(_GZIP_WINDOW) if encoding.endswith("gzip") else None
        self._members = 1
        self._received = 0
        self._body = bytearray()

    def feed(self, block: bytes) -> None:
        """Raise :class:`BodyTooLarge` or :class:`CorruptBody`."""
        self._received += len(block)
        if self._gzip is None:
            self._body += block
        else:
            self._unpack(block)
        if max(self._received, len(self._body)) > MAX_BODY:
            raise BodyTooLarge

    def finish(self) -> bytes:
        """Return the whole body. Raise :class:`CorruptBody` if it was cut short."""
        if self._gzip is not None and not self._gzip.eof:
            raise CorruptBody
        return bytes(self._body)

    def _unpack(self, block: bytes) -> None:
        """A gzip body may have several members; each one is a stream of its own."""
        assert self._gzip is not None
        while block and len(self._body) <= MAX_BODY:
            if self._gzip.eof:
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise CorruptBody
                self._gzip = zlib.decompressobj(_GZIP_WINDOW)
            try:
                self._body += self._gzip.decompress(block, MAX_BODY + 1 - len(self._body))
            except zlib.error:
                raise CorruptBody from None
            block = self._gzip.unused_data
