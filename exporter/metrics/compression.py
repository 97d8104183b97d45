"""Pieces of an exposition that many answers share: each is compressed at most once."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_FINAL_BLOCK: Final = b"\x03\x00"
"""An empty deflate block that says it is the last."""
_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Exposition:
    """What answers one scrape: pieces that many answers share, and then ``own``, which is this one's alone.

    The pieces are never put together for one answer: of thousands of instances they are tens of megabytes.
    """

    shared: tuple[bytes, ...]
    own: bytes

    def whole(self) -> bytes:
        return b"".join((*self.shared, self.own))


class Segment:
    """Some text, and its compressed form."""

    __slots__ = ("_deflated", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._deflated: bytes | None = None

    def deflated(self) -> bytes:
        """Return whole deflate blocks that refer to nothing before them, so that they can follow any others."""
        if self._deflated is None:
            deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._deflated = deflate.compress(self.text) + deflate.flush(zlib.Z_FULL_FLUSH)
        return self._deflated


class SharedText:
    """Segments one after the other. They are compressed the first time that a client asks for gzip."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._texts = tuple(segment.text for segment in segments)
        self._segments = segments
        self._compressed: tuple[tuple[bytes, ...], int, int] | None = None

    def followed_by(self, rest: bytes) -> Exposition:
        """Return the text and ``rest``."""
        return Exposition(self._texts, rest)

    def gzipped_followed_by(self, rest: bytes) -> Exposition:
        """Return one gzip stream of the text and ``rest``."""
        stream, checksum, size = self._compressed = self._compressed or self._compress()
        trailer = struct.pack("<II", zlib.crc32(rest, checksum), (size + len(rest)) & 0xFFFFFFFF)
        return Exposition(stream, b"".join((Segment(rest).deflated(), _FINAL_BLOCK, trailer)))

    def _compress(self) -> tuple[tuple[bytes, ...], int, int]:
        """Return the beginning of a gzip stream of the text, the text's checksum and its size."""
        stream = (_GZIP_HEADER, *(segment.deflated() for segment in self._segments))
        return stream, _checksum(self._texts), sum(map(len, self._texts))


def _checksum(texts: Iterable[bytes]) -> int:
    checksum = 0
    for text in texts:
        checksum = zlib.crc32(text, checksum)
    return checksum
