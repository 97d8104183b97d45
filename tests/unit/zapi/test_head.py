"""What comes before a body, beside the standard library, which reads the same more slowly."""

import http.client
import io
import socket
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.zapi.head import LeanResponse, MalformedHeader


class Received:
    """A socket from which these bytes come."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(cast("io.RawIOBase", io.BytesIO(self._data)))


Kind = type[http.client.HTTPResponse]


def begun(data: bytes, kind: Kind = LeanResponse) -> http.client.HTTPResponse:
    response = kind(cast("socket.socket", Received(data)), method="GET")
    response.begin()
    return response


def told(data: bytes, kind: Kind) -> object:
    """All of an answer that a poll looks at, or the kind of what was raised."""
    try:
        response = begun(data, kind)
        headers = [response.headers.get(name) for name in ("content-encoding", "retry-after", "x-odd")]
        framing = (response.length, response.chunked, response.will_close)
        return (response.status, framing, headers, response.read(1 << 20))
    except http.client.HTTPException as error:
        return type(error)


AS_THE_STANDARD_LIBRARY_DOES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{} and more",
    "no length": b"HTTP/1.1 200 OK\r\n\r\nup to the end",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 2\r\n\r\n{}",
    "interim answers": b"HTTP/1.1 100 Go on\r\nX: y\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 429\r\nRetry-After: 7\r\n\r\n",
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\nmore",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nmore",
    "its last": b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\n{}",
    "http/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "http/1.0 kept": b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}",
    "http/0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "http/1.7": b"HTTP/1.7 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
    "line feeds alone": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    "folded": b"HTTP/1.1 200 OK\r\nX-Odd: one\r\n two\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "cut short": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "blank": b"\r\n\r\n",
    "http/2": b"HTTP/2.0 200 OK\r\n\r\n",
    "status in letters": b"HTTP/1.1 OK 200\r\n\r\n",
    "status of two digits": b"HTTP/1.1 99 Odd\r\n\r\n",
    "status of four digits": b"HTTP/1.1 1000 Odd\r\n\r\n",
    "endless status line": b"HTTP/1.1 200 " + b"x" * 70_000,
    "endless header": b"HTTP/1.1 200 OK\r\nX-Odd: " + b"x" * 70_000,
    "a hundred headers": b"HTTP/1.1 200 OK\r\n" + b"X-Odd: x\r\n" * 99 + b"\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X-Odd: x\r\n" * 101 + b"\r\n",
}


@pytest.mark.parametrize(
    "data", AS_THE_STANDARD_LIBRARY_DOES.values(), ids=AS_THE_STANDARD_LIBRARY_DOES.keys()
)
def test_it_is_read_as_the_standard_library_does(data: bytes) -> None:
    ours, theirs = told(data, LeanResponse), told(data, http.client.HTTPResponse)
    assert repr(ours).replace("one two", "one\\r\\n two") == repr(theirs)


NAMES = st.sampled_from(
    ["Content-Length", "content-encoding", "Retry-After", "X-Odd", "Connection", "Transfer-Encoding", "Date"]
)
VALUES = st.one_of(
    st.sampled_from(["2", "7", "close", "keep-alive", "gzip", "chunked", ""]),
    # The standard library takes "+7" and "1_0" for a length, which are none.
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="+-_"), max_size=12),
)


@given(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 503 x", b"HTTP/1.1 204"]),
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
    st.binary(max_size=20),
)
def test_any_well_formed_head_is_read_as_the_standard_library_does(
    status: bytes, headers: list[tuple[str, str]], body: bytes
) -> None:
    lines = [f"{name}: {value}".encode() for name, value in headers]
    data = b"\r\n".join([status, *lines, b"", body])
    assert told(data, LeanResponse) == told(data, http.client.HTTPResponse)


@pytest.mark.parametrize("line", [b"what is this", b": no name", b" folded, but of what"])
def test_a_line_that_is_no_header_is_no_end_of_the_headers_either(line: bytes) -> None:
    with pytest.raises(MalformedHeader):
        begun(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 2\r\n\r\n{}")


def test_what_is_raised_repeats_nothing_of_the_answer() -> None:
    for data in (b"CANARY 200 OK\r\n\r\n", b"HTTP/1.1 CANARY\r\n\r\n", b"HTTP/1.1 200 OK\r\nCANARY\r\n\r\n"):
        with pytest.raises(http.client.HTTPException) as raised:
            begun(data)
        assert "CANARY" not in repr(raised.value)
