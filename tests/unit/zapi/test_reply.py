"""Bytes are one reply, or none: checked against RFC 9112, whatever blocks they come in."""

import contextlib
import gzip
import itertools
import random
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.zapi.failures import (
    BODY_TOO_LARGE,
    CORRUPT_BODY,
    HEAD_TOO_LARGE,
    INVALID_REPLY,
    UNKNOWN_ENCODING,
    PollFailed,
)
from exporter.zapi.reply import MAX_BODY, ReplyReader, decode_body
from tests.unit.zapi.replaying import ReplayedStream, a_budget, refusing

OK = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"connected":true}'
SIZED = OK + b"Content-Length: 18\r\n\r\n" + BODY
CHUNKS = b"a\r\n" + BODY[:10] + b"\r\n8 \t; x=y\r\n" + BODY[10:] + b"\r\n0\r\n"
IN_CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"
IN_GZIP = OK + b"Content-Encoding: GZip \r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = IN_CHUNKS + CHUNKS + b"\r\n"
PACKED = gzip.compress(BODY, mtime=0)
EMPTY = gzip.compress(b"", mtime=0)


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    data: bytes
    reusable: bool


def read(received: Iterable[bytes], *, ends: bool = False) -> Reply:
    """The reply that these blocks are; with ``ends`` the connection ends after them."""
    stream = ReplayedStream(received, ends=ends)
    reader = ReplyReader(stream, a_budget())
    body = bytes(reader.read())
    return Reply(reader.status, reader.headers, body, reader.is_reusable and stream.is_quiet())


GOOD = {
    "a length": SIZED,
    "chunks": CHUNKED,
    "chunks in capitals": CHUNKED.replace(b"chunked", b"CHUNKED"),
    "a tab before chunked": CHUNKED.replace(b" chunked", b"\tchunked"),
    "an extension in quotes": CHUNKED.replace(b"a\r\n", b'a;a="b;c"\r\n'),
    "zeros before the sizes of chunks": CHUNKED.replace(b"a\r\n", b"000a\r\n").replace(b"\n0\r", b"\n000\r"),
    "gzip in capitals, in chunks": IN_GZIP
    + b"".join(b"1\r\n%c\r\n" % byte for byte in PACKED)
    + b"0\r\n\r\n",
    "trailers": CHUNKED[:-2] + b"Content-Encoding: br\r\nContent-Length: 4\r\nRetry-After: 7\r\n\r\n",
    "blanks around the length": SIZED.replace(b"18", b"  18   "),
    "zeros before the length": SIZED.replace(b"18", b"0" * 40 + b"18"),
    "no reason phrase": SIZED.replace(b" OK", b""),
    "a reason phrase of other letters": SIZED.replace(b"OK", b"Tudo \xf3timo"),
    "100 first": b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED,
    "102 first": b"HTTP/1.1 102 Processing\r\n\r\n" + SIZED,
    "103 first": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 3\r\n\r\n" + SIZED,
    "199 first": b"HTTP/1.1 199 Odd\r\n\r\n" + SIZED,
    "three interim replies first": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + CHUNKED,
    "an interim reply that says it is the last": b"HTTP/1.1 103 X\r\nConnection: close\r\n\r\n" + SIZED,
    "an interim reply in chunks": b"HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n" + SIZED,
    "folded lines": OK + b"X-Odd: one\r\n two\r\n\t three\r\nContent-Length:\r\n 18\r\n\r\n" + BODY,
    "a header of other letters": OK + b"X-Odd: \xe9\xff\r\nContent-Length: 18\r\n\r\n" + BODY,
    "a folded line of blanks": OK + b"X: a\r\n \r\nContent-Length: 18\r\n\r\n" + BODY,
    "a folded line of no header": OK + b" what is this\r\nContent-Length: 18\r\n\r\n" + BODY,
    "an upgrade offered": OK + b"Upgrade: h2,h2c\r\nConnection: Upgrade\r\nContent-Length: 18\r\n\r\n" + BODY,
    "no time to be kept": OK + b"Keep-Alive: timeout=0\r\nContent-Length: 18\r\n\r\n" + BODY,
}

LAST = {
    "it says so": OK + b"Connection: Close\r\nContent-Length: 18\r\n\r\n" + BODY,
    "it says so among others": OK + b"Connection: foo, close\r\nContent-Length: 18\r\n\r\n" + BODY,
    "it says so in a second header": OK
    + b"Connection: x\r\nConnection: close\r\nContent-Length: 18\r\n\r\n"
    + BODY,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 18\r\n\r\n" + BODY,
    "HTTP/1.0 in chunks": CHUNKED.replace(b"1.1", b"1.0"),
    "no length": OK + b"\r\n" + BODY,
}


def test_a_reply_is_read_in_any_blocks_and_known_as_the_last(subtests: pytest.Subtests) -> None:
    for name, data in {**GOOD, **LAST}.items():
        with subtests.test(name):
            for size in (1, 2, 3, 7, 100_000):
                reply = read(blocks(data, size), ends=True)
                assert (reply.status, reply.data, reply.reusable) == (200, BODY, name in GOOD), size
                assert reply.headers.get("retry-after") is None


FOLLOWERS = (b"\r\n", b"\n", b"\r\n\r\n", b" ", b"x", b"\0", SIZED, b"HTTP/1.1 100 Continue\r\n\r\n")
WHOLE = {
    "a length": SIZED,
    "chunks": CHUNKED,
    "trailers": CHUNKED[:-2] + b"X: y\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 18\r\n\r\n",
    "304 in chunks": b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
    "an empty body": OK + b"Content-Length: 0\r\n\r\n",
}


def test_anything_after_a_reply_ends_its_connection(subtests: pytest.Subtests) -> None:
    for name, data in WHOLE.items():
        for size, follower in itertools.product((1, 5, 100_000), FOLLOWERS):
            with subtests.test(name, size=size, follower=follower):
                alone, followed = read(blocks(data, size)), read(blocks(data + follower, size))
                assert alone.reusable
                assert (followed.status, followed.data, followed.reusable) == (
                    alone.status,
                    alone.data,
                    False,
                )


INVALID = {
    "two lengths": OK + b"Content-Length: 18\r\nContent-Length: 19\r\n\r\n",
    "a length and chunks": OK + b"Content-Length: 18\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks and a length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 18\r\n\r\n",
    **{
        f"length {length!r}": OK + b"Content-Length: " + length + b"\r\n\r\n"
        for length in (b"+18", b"-1", b"1_8", b"", b"18, 18", b"0x12", b"18.0", b"1 8")
    },
    "no transfer coding": OK + b"Transfer-Encoding:\r\n\r\n",
    "a vertical tab before chunked": IN_CHUNKS.replace(b" chunked", b" \x0bchunked"),
    "a header line without a colon": OK + b"what is this\r\n\r\n",
    "a blank before a colon": OK + b"Content-Length : 18\r\n\r\n",
    "a header without a name": OK + b": no name\r\n\r\n",
    "byte 0 in a header": OK + b"X: a\0b\r\n\r\n",
    "a carriage return in a header": OK + b"X: a\rb\r\n\r\n",
    "a line feed between headers": OK + b"X: y\nContent-Length: 18\r\n\r\n",
    "a line feed behind the headers": OK + b"Content-Length: 18\r\n\n",
    "line feeds alone": b"HTTP/1.1 200 OK\nContent-Length: 18\n\n" + BODY,
    **{
        f"version {version!r}": SIZED.replace(b"HTTP/1.1", version)
        for version in (
            b"HTTP/0.9",
            b"HTTP/1.2",
            b"HTTP/01.1",
            b"HTTP/2.0",
            b"HTTP/3.7",
            b"http/1.1",
            b" HTTP/1.1",
        )
    },
    "the greeting of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "settings of HTTP/2": b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80\0\4\0\1\0\0\0\5\0\xff\xff\xff",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a mail server": b"220 mail.example ESMTP\r\n",
    "ICY": b"ICY 200 OK\r\n",
    "a blank line first": b"\r\n\r\n",
    **{
        f"status {status!r}": SIZED.replace(b"200 OK", status)
        for status in (b"000 Odd", b"99 Odd", b"1000 Odd", b"OK 200", b"\t200 OK", b" 200 OK")
    },
    **{
        f"chunk size {size!r}": IN_CHUNKS + size + b"\r\n" + BODY[:5] + b"\r\n"
        for size in (
            b"+5",
            b"0_5",
            b"0x5",
            b" 5",
            b"5 ",
            b"-5",
            b"",
            b"zz",
            b"5;\0",
            b"5;\rx",
            b"5;\nx",
            b"f" * 400,
        )
    },
    **{
        f"trailer {line!r}": CHUNKED[:-2] + line + b"\r\n"
        for line in (
            b"no colon\r\n",
            b" X: y\r\n",
            b"X : y\r\n",
            b": y\r\n",
            b"X: y\n",
            b"X: a\0b\r\n",
            b"X" * 300,
        )
    },
    "a chunk size ended by a line feed": CHUNKED.replace(b"a\r\n", b"a\n"),
    "a chunk ended by a line feed": IN_CHUNKS + b"5\r\n" + BODY[:5] + b"\n0\r\n\r\n",
    "a chunk without its line end": IN_CHUNKS + b"5\r\n" + BODY[:5] + b"XX0\r\n\r\n",
}


def test_what_is_no_reply_is_refused_at_once(subtests: pytest.Subtests) -> None:
    """And not only when the connection ends: a line that is no status line, and all else with the end of the head."""
    for name, data in INVALID.items():
        for size in (1, 100_000):
            with subtests.test(name, size=size), refusing(INVALID_REPLY):
                read(blocks(data, size))


@pytest.mark.parametrize(
    "coding",
    ['"chunked"', "gzip, chunked", "chunked, chunked", "identity", "gzip", "chunked, gzip", "xchunked", "br"],
)
def test_a_transfer_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    reply = OK + f"Transfer-Encoding: {coding}\r\n\r\n".encode()
    reader = ReplyReader(ReplayedStream([reply]), a_budget())
    with refusing(UNKNOWN_ENCODING):
        reader.read()
    assert reader.status == 200


@pytest.mark.parametrize("encoding", [b"br", b"deflate", b"zstd", b"gzip, gzip", b"gzip, identity", b"x"])
def test_a_content_encoding_that_was_not_asked_for_is_refused(encoding: bytes) -> None:
    with refusing(UNKNOWN_ENCODING):
        read([OK + b"Content-Encoding: " + encoding + b"\r\nContent-Length: 9\r\n\r\n"])


CUT_SHORT = (
    *(SIZED[:10], SIZED[: len(OK)], SIZED[:-1], *(CHUNKED[:cut] for cut in (-1, -3, -7, -20))),
    *(b"HTTP/1.1 503 X\r\nRetry-After: 3", SIZED.replace(b"\n", b""), b"\0\0\0\4\0\0\0\0\0"),
)


@pytest.mark.parametrize("reply", CUT_SHORT)
def test_a_reply_that_is_cut_short_is_invalid(reply: bytes) -> None:
    with refusing(INVALID_REPLY):
        read([reply], ends=True)


@pytest.mark.parametrize("is_lost", [False, True], ids=["cut short", "lost"])
@pytest.mark.parametrize("status", [300, 503])
@pytest.mark.parametrize(
    "reply",
    [
        SIZED[:-1],
        SIZED.replace(b"18", b"1048577"),
        IN_CHUNKS + b"100001\r\n",
        IN_CHUNKS + b"zz\r\n",
        SIZED.replace(b"\r\n\r", b"\r\nContent-Encoding: gzip\r\n\r"),
    ],
)
def test_the_status_of_a_failure_counts_without_its_body(reply: bytes, status: int, is_lost: bool) -> None:
    stream = ReplayedStream([reply.replace(b"200", b"%d" % status)], ends=True, is_lost=is_lost)
    reader = ReplyReader(stream, a_budget())
    assert (reader.read(), reader.status, reader.is_reusable) == (bytearray(), status, False)


@pytest.mark.parametrize("status", [b"200", b"299"])
def test_a_success_that_is_lost_in_its_body_is_none(status: bytes) -> None:
    stream = ReplayedStream([SIZED[:-1].replace(b"200", status)], is_lost=True)
    with pytest.raises(ConnectionResetError):
        ReplyReader(stream, a_budget()).read()


def test_101_is_a_final_reply_and_the_last() -> None:
    for headers in (b"", b"Upgrade: websocket\r\nConnection: upgrade\r\n"):
        reply = read([b"HTTP/1.1 101 Switching Protocols\r\n" + headers + b"\r\n"])
        assert (reply.status, reply.reusable) == (101, False)


@pytest.mark.parametrize(
    "endless",
    [
        (OK + b"X-Long: ", b"x" * 4096),
        (b"HTTP/1.1 200 ", b"O" * 4096),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (OK, b"\r" * 4096),
        (OK + b"X-Folded: x", b"\r\n " * 1000),
    ],
    ids=["header", "status line", "interim replies", "carriage returns", "folded line"],
)
def test_endless_heads_are_given_up(endless: tuple[bytes, bytes]) -> None:
    begin, block = endless
    with refusing(HEAD_TOO_LARGE, INVALID_REPLY):
        read([begin, *[block] * 100])


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 103 X\r\n\r\n" * 2], ids=["one", "three"])
@pytest.mark.parametrize("size", [1000, 100_000])
def test_heads_of_the_largest_size_are_taken_and_no_more(before: bytes, size: int) -> None:
    def heads(count: int) -> bytes:
        begin, end = before + OK + b"X: y\r\n" * 8000 + b"X: ", b"\r\nContent-Length: 18\r\n\r\n"
        return begin + b"x" * (count - len(begin + end)) + end

    assert read(blocks(heads(64 * 1024) + BODY, size)).data == BODY
    with refusing(HEAD_TOO_LARGE):
        read(blocks(heads(64 * 1024 + 1) + BODY, size))


@pytest.mark.parametrize("length", [MAX_BODY + 1, 2**31, 2**64, 10**400])
def test_a_length_beyond_the_largest_is_too_large_at_once(length: int) -> None:
    with refusing(BODY_TOO_LARGE):
        read([OK + f"Content-Length: {'9' * 400 if length > 2**65 else length}\r\n\r\n".encode()])


def test_a_length_of_2_to_the_64_is_refused_with_its_head() -> None:
    head = "HTTP/1.1 503 Busy\r\nContent-Length: {}\r\n\r\n"
    assert read([head.format(2**64 - 1).encode()]).status == 503
    with refusing(BODY_TOO_LARGE):
        read([head.format(2**64).encode()])


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize(
    "chunks",
    [
        b"100001\r\n",
        b"ffffffffffffffff\r\n",
        b"10000000000000000;x\r\n",
        b"0" * 40 + b"200000\r\n",
        b"1\r\nx\r\n100000\r\n",
    ],
)
def test_chunks_beyond_the_largest_body_are_too_large_at_once(chunks: bytes, size: int) -> None:
    with refusing(BODY_TOO_LARGE):
        read(blocks(IN_CHUNKS + chunks, size))


@pytest.mark.parametrize("coding", ["length", "chunks", "end"])
def test_a_body_of_the_largest_size_is_taken_and_no_more(coding: str) -> None:
    def reply(size: int) -> bytes:
        if coding == "chunks":
            return IN_CHUNKS + b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n"
        head = OK + (b"Content-Length: %d\r\n\r\n" % size if coding == "length" else b"\r\n")
        return head + bytes(size)

    assert len(read([reply(MAX_BODY)], ends=True).data) == MAX_BODY
    with refusing(BODY_TOO_LARGE):
        read([reply(MAX_BODY + 1)], ends=True)


def test_the_head_alone_is_the_reply_to_connect() -> None:
    head = b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 Connection established\r\nX: y\r\n\r\n"
    reader = ReplyReader(ReplayedStream([head]), a_budget())
    reader.read_head()
    assert (reader.status, reader.has_surplus) == (200, False)


def test_equal_headers_are_joined() -> None:
    reply = read([OK + b"Retry-After: 7\r\nretry-after: 8 \r\nContent-Length: 0\r\n\r\n"])
    assert reply.headers["retry-after"] == "7, 8"


@given(
    body=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 300), max_size=5),
    seed=st.integers(),
    interim=st.integers(0, 2),
)
def test_any_body_is_read_as_it_was_sent(body: bytes, cuts: list[int], seed: int, interim: int) -> None:
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pieces = [body[start:end] for start, end in itertools.pairwise(edges)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"
    before = b"HTTP/1.1 102 Processing\r\n\r\n" * interim
    size = random.Random(seed).randint(1, 400)
    sized = before + OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for data in (sized, before + IN_CHUNKS + chunks):
        reply = read(blocks(data, size))
        assert (reply.data, reply.reusable) == (body, True)


@given(st.binary(max_size=200), st.sampled_from([b"", OK, SIZED[:40], CHUNKED[:60], CHUNKED]))
def test_no_bytes_break_the_reader(noise: bytes, start: bytes) -> None:
    with contextlib.suppress(PollFailed, ConnectionResetError):
        read(blocks(start + noise, 7), ends=True)


@pytest.mark.parametrize("endless", [b"0" * 70_000, b"5;" + b"x" * 70_000])
def test_a_line_of_a_chunk_that_does_not_end_is_too_large(endless: bytes) -> None:
    """Long before the timeout."""
    with refusing(BODY_TOO_LARGE):
        read(blocks(IN_CHUNKS + endless, 1000))


@pytest.mark.parametrize("reply", [SIZED, CHUNKED, SIZED[:-1], SIZED.replace(b"18", b"1_8")])
def test_its_bytes_can_be_erased_however_it_ends(reply: bytes) -> None:
    stream = ReplayedStream(blocks(reply, 7), ends=True)
    reader = ReplyReader(stream, a_budget())
    with contextlib.suppress(PollFailed):
        reader.read()
    reader.erase()
    assert stream.buffers
    assert not any(map(any, stream.buffers))


def test_a_long_reply_is_whole_and_leaves_nothing_behind() -> None:
    """Nor in the smaller buffers that it outgrew."""
    body = bytes(range(256)) * 1000
    stream = ReplayedStream([OK + b"Content-Length: %d\r\n\r\n" % len(body) + body])
    reader = ReplyReader(stream, a_budget())
    assert reader.read() == body
    reader.erase()
    assert len(stream.buffers) > 3
    assert not any(map(any, stream.buffers))


@pytest.mark.parametrize(
    ("coding", "sent"),
    [
        ("", BODY),
        ("identity", BODY),
        ("gzip", PACKED),
        ("x-gzip", PACKED),
        ("gzip", gzip.compress(BODY[:5]) + EMPTY + gzip.compress(BODY[5:])),
        ("gzip", EMPTY * 99 + PACKED),
    ],
    ids=range(6),
)
def test_a_body_is_the_same_in_any_encoding(coding: str, sent: bytes) -> None:
    assert decode_body(coding, memoryview(sent)) == BODY
    assert decode_body(coding, memoryview(b"")) == b""  # as that of an answer whose body could not be read


BOMB = gzip.compress(bytes(MAX_BODY))


def test_a_body_of_the_largest_size_is_unpacked_and_no_more() -> None:
    assert len(decode_body("gzip", memoryview(BOMB))) == MAX_BODY
    bombs = BOMB * 8, BOMB + gzip.compress(b"x"), gzip.compress(bytes(64 * MAX_BODY))
    tracemalloc.start()
    for sent in bombs:
        with refusing(BODY_TOO_LARGE):
            decode_body("gzip", memoryview(sent))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MAX_BODY


@pytest.mark.parametrize(
    "sent",
    [
        *(
            PACKED[:-1],
            PACKED[:5],
            PACKED[:-8] + b"12345678",
            PACKED + b"x",
            PACKED + bytes(8),
            PACKED + PACKED[:-1],
        ),
        *(BODY, zlib.compress(BODY)),
        EMPTY * 100 + PACKED,  # each member would cost a copy of all that follows it
    ],
    ids=range(9),
)
def test_what_is_not_gzip_to_its_end_is_corrupt(sent: bytes) -> None:
    with refusing(CORRUPT_BODY):
        decode_body("gzip", memoryview(sent))
