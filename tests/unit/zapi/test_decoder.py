"""A body is unpacked as it comes in, and given up as soon as it is too much."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from exporter.zapi.answer import MAX_BODY, BodyTooLarge, BodyUnreadable, decoder

BODY = b'{"connected": true}' * 100
PACKED = gzip.compress(BODY, mtime=0)


def in_blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 7, 64 * 1024])
@pytest.mark.parametrize(
    ("encoding", "sent"),
    [("", BODY), ("identity", BODY), ("gzip", PACKED), ("x-gzip", PACKED)],
)
def test_a_body_is_the_same_whatever_its_encoding_and_its_blocks(
    encoding: str, sent: bytes, size: int
) -> None:
    body = decoder(encoding)
    for block in in_blocks(sent, size):
        body.take(block)
    assert body.whole() == BODY


def test_a_bomb_is_given_up_before_it_was_received() -> None:
    bomb = gzip.compress(bytes(64 * MAX_BODY))
    beginning = bomb[: len(bomb) // 32]
    with pytest.raises(BodyTooLarge):
        decoder("gzip").take(beginning)


def test_a_body_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    for encoding, pack in (("", bytes), ("gzip", gzip.compress)):
        largest = decoder(encoding)
        largest.take(pack(bytes(MAX_BODY)))
        assert len(largest.whole()) == MAX_BODY
        with pytest.raises(BodyTooLarge):
            decoder(encoding).take(pack(bytes(MAX_BODY + 1)))


@pytest.mark.parametrize(
    "sent", [PACKED[:-1], PACKED + b"x", PACKED * 2, b""], ids=["cut", "followed", "twice", "empty"]
)
def test_gzip_that_ends_too_early_or_not_at_its_end_is_unreadable(sent: bytes) -> None:
    body = decoder("gzip")
    body.take(sent)
    with pytest.raises(BodyUnreadable):
        body.whole()


@pytest.mark.parametrize("sent", [BODY, zlib.compress(BODY)], ids=["plain", "zlib"])
def test_what_is_not_gzip_is_unreadable(sent: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        decoder("gzip").take(sent)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_an_encoding_that_was_not_asked_for_is_unreadable(encoding: str) -> None:
    with pytest.raises(BodyUnreadable):
        decoder(encoding)
