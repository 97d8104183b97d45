"""A body is decoded as it comes in, and given up as soon as it is too much."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from exporter.zapi.body import MAX_BODY, BodyDecoder, BodyTooLarge, CorruptBody, UnrequestedEncoding

BODY = b'{"connected": true}' * 100
PACKED = gzip.compress(BODY, mtime=0)
MEMBERS = gzip.compress(BODY[:50]) + gzip.compress(b"") + gzip.compress(BODY[50:])


def in_blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def decoded(encoding: str, sent: bytes, size: int = 64 * 1024) -> bytes:
    body = BodyDecoder(encoding)
    for block in in_blocks(sent, size):
        body.feed(block)
    return body.finish()


@pytest.mark.parametrize("size", [1, 7, 64 * 1024])
@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("", BODY),
        ("identity", BODY),
        ("gzip", PACKED),
        ("x-gzip", PACKED),
        (" GZIP ", PACKED),
        ("gzip", MEMBERS),
    ],
)
def test_a_body_is_the_same_in_any_encoding_and_blocks(encoding: str, sent: bytes, size: int) -> None:
    assert decoded(encoding, sent, size) == BODY


def test_a_bomb_is_given_up_before_it_was_received() -> None:
    bomb = gzip.compress(bytes(64 * MAX_BODY))
    with pytest.raises(BodyTooLarge):
        BodyDecoder("gzip").feed(bomb[: len(bomb) // 32])


def test_a_bomb_of_many_members_is_given_up() -> None:
    with pytest.raises(BodyTooLarge):
        decoded("gzip", gzip.compress(bytes(MAX_BODY)) * 8)


def test_thousands_of_empty_members_are_refused() -> None:
    """Each would cost a copy of all that follows it."""
    with pytest.raises(CorruptBody):
        decoded("gzip", gzip.compress(b"", mtime=0) * 10_000)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_of_the_largest_size_is_taken_and_no_more(encoding: str) -> None:
    pack = gzip.compress if encoding else bytes
    assert len(decoded(encoding, pack(bytes(MAX_BODY)))) == MAX_BODY
    with pytest.raises(BodyTooLarge):
        decoded(encoding, pack(bytes(MAX_BODY + 1)))


@pytest.mark.parametrize(
    "sent",
    [PACKED[:-1], PACKED + b"x", PACKED + PACKED[:-1], b""],
    ids=["cut", "followed", "second", "empty"],
)
def test_gzip_that_does_not_end_at_its_end_is_corrupt(sent: bytes) -> None:
    with pytest.raises(CorruptBody):
        decoded("gzip", sent)


@pytest.mark.parametrize("sent", [BODY, zlib.compress(BODY)], ids=["plain", "zlib"])
def test_what_is_not_gzip_is_corrupt(sent: bytes) -> None:
    with pytest.raises(CorruptBody):
        decoded("gzip", sent)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "gzip, identity"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(UnrequestedEncoding):
        BodyDecoder(encoding)
