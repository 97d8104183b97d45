"""The content encoding of a reply: the body as it was sent → the decoded body."""

import zlib
from typing import Final

from exporter.zapi.errors import BODY_TOO_LARGE, CORRUPT_BODY, PollFailed

MAX_BODY: Final = 1024 * 1024
"""Largest body accepted, in bytes, before and after decompression."""

CODINGS: Final = frozenset({"", "identity", "gzip", "x-gzip"})
"""The values of ``Content-Encoding`` that are read, in lower case."""

_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_MAX_MEMBERS: Final = 100
"""Most gzip members in one body: each costs a copy of all that follows it."""


def decode_body(coding: str, sent: memoryview) -> bytearray:
    """Decode a body in one of :data:`CODINGS`. An empty body is valid in each of them.

    Raise :class:`PollFailed` if the body is not in this coding or is incomplete, and as soon as the decoded body is
    too large.
    """
    if not sent or not coding.endswith("gzip"):
        return bytearray(sent)
    body, left = bytearray(), bytes(sent)
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            body += member.decompress(left, MAX_BODY + 1 - len(body))
        except zlib.error:
            break
        if len(body) > MAX_BODY:
            raise PollFailed(BODY_TOO_LARGE)
        left = member.unused_data
        if not member.eof or not left:
            break
    if left or not member.eof:
        raise PollFailed(CORRUPT_BODY)
    return body
