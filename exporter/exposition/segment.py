"""Pieces of an exposition that many answers share: each is compressed at most once."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_FINAL_BLOCK: Final = b"\x03\x00"
"""An empty deflate block that says it is the last."""
_LEVEL: Final = 1


class Segment:
    """Some text, and what it is once compressed."""

    __slots__ = ("_deflated", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._deflated: bytes | None = None

    def deflated(self) -> bytes:
        """Whole deflate blocks that refer to nothing before them, so that they can stand after any others."""
        if self._deflated is None:
            deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._deflated = deflate.compress(self.text) + deflate.flush(zlib.Z_FULL_FLUSH)
        return self._deflated


class SharedText:
    """Segments one after the other. What it takes to send them is worked out the first time it is asked for."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._compressed: tuple[bytes, int, int] | None = None

    def followed_by(self, rest: bytes) -> bytes:
        """The text and ``rest``."""
        return b"".join((*(segment.text for segment in self._segments), rest))

    def gzipped_followed_by(self, rest: bytes) -> bytes:
        """One gzip stream of the text and ``rest``."""
        deflated, checksum, size = self._compressed = self._compressed or self._compress()
        trailer = struct.pack("<II", zlib.crc32(rest, checksum), (size + len(rest)) & 0xFFFFFFFF)
        return b"".join((_GZIP_HEADER, deflated, Segment(rest).deflated(), _FINAL_BLOCK, trailer))

    def _compress(self) -> tuple[bytes, int, int]:
        """The deflate blocks of the text, its checksum and its size."""
        deflated = b"".join(segment.deflated() for segment in self._segments)
        texts = [segment.text for segment in self._segments]
        return deflated, _checksum(texts), sum(map(len, texts))


def _checksum(texts: Iterable[bytes]) -> int:
    checksum = 0
    for text in texts:
        checksum = zlib.crc32(text, checksum)
    return checksum
