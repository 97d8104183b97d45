"""A body is decoded, and given up as soon as it unpacks to too much."""

import gzip
import zlib

import pytest

from exporter.zapi.errors import BODY_TOO_LARGE
from exporter.zapi.reply import CORRUPT_BODY, MAX_BODY, decode_body
from tests.unit.zapi.replaying import refusing

BODY = b'{"connected": true}' * 100
PACKED = gzip.compress(BODY, mtime=0)
MEMBERS = gzip.compress(BODY[:50]) + gzip.compress(b"") + gzip.compress(BODY[50:])


def decoded(coding: str, sent: bytes) -> bytearray:
    return decode_body(coding, memoryview(sent))


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("", BODY),
        ("identity", BODY),
        ("gzip", PACKED),
        ("x-gzip", PACKED),
        ("gzip", MEMBERS),
    ],
)
def test_a_body_is_the_same_in_any_encoding(encoding: str, sent: bytes) -> None:
    assert decoded(encoding, sent) == BODY


def test_a_bomb_is_given_up() -> None:
    with refusing(BODY_TOO_LARGE):
        decoded("gzip", gzip.compress(bytes(64 * MAX_BODY)))


def test_a_bomb_of_many_members_is_given_up() -> None:
    with refusing(BODY_TOO_LARGE):
        decoded("gzip", gzip.compress(bytes(MAX_BODY)) * 8)


def test_thousands_of_empty_members_are_refused() -> None:
    """Each would cost a copy of all that follows it."""
    with refusing(CORRUPT_BODY):
        decoded("gzip", gzip.compress(b"", mtime=0) * 10_000)


def test_a_body_of_the_largest_size_is_taken_and_no_more() -> None:
    assert len(decoded("gzip", gzip.compress(bytes(MAX_BODY)))) == MAX_BODY
    with refusing(BODY_TOO_LARGE):
        decoded("gzip", gzip.compress(bytes(MAX_BODY + 1)))


@pytest.mark.parametrize(
    "sent",
    [PACKED[:-1], PACKED[:5], PACKED + b"x", PACKED + PACKED[:-1]],
    ids=["cut", "cut early", "followed", "second"],
)
def test_gzip_that_does_not_end_at_its_end_is_corrupt(sent: bytes) -> None:
    with refusing(CORRUPT_BODY):
        decoded("gzip", sent)


@pytest.mark.parametrize("sent", [BODY, zlib.compress(BODY)], ids=["plain", "zlib"])
def test_what_is_not_gzip_is_corrupt(sent: bytes) -> None:
    with refusing(CORRUPT_BODY):
        decoded("gzip", sent)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_an_empty_body_is_empty_in_any_encoding(coding: str) -> None:
    """As that of an answer whose body could not be read."""
    assert decoded(coding, b"") == b""
