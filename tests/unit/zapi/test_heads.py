"""Heads of replies are read and refused as llhttp does it, the parser of Node.js."""

import re

from httptools import HttpParserError, HttpResponseParser
from hypothesis import given
from hypothesis import strategies as st

from exporter.zapi.failures import PollFailed
from exporter.zapi.reply import ReplyReader
from tests.unit.zapi.replaying import ReplayedStream, a_budget

NAMES = (
    *("Content-Length", "content-length", "Transfer-Encoding", "Connection", "Retry-After", "Date"),
    *("", "A b"),
)
VALUES = (
    *("5", " 5 ", " 5, 5", " +5", " -1", " 0x5", " 00005", " chunked", " gzip, chunked"),
    *("", " ", "\té", "a\tb"),
)
READ = {"connection", "content-encoding", "content-length", "retry-after", "transfer-encoding"}
LINES = st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)).map(":".join)
SIGNS = ("\r", "\n", "\r\n", "\r\n ", "\0", "\x0b", "\x7f", "\x80", " ", "\t", ":", ",", "x")


class Oracle:
    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode().lower(), value.decode("latin-1").rstrip(" \t")
        if key in READ:
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text


@given(st.lists(LINES, max_size=4), st.lists(st.tuples(st.floats(0, 1), st.sampled_from(SIGNS)), max_size=2))
def test_a_head_is_read_and_refused_as_llhttp_does_it(
    lines: list[str], noise: list[tuple[float, str]]
) -> None:
    rest = "\r\n".join(["", *lines, "", ""])
    for place, sign in noise:
        at = round(place * (len(rest) - 4))
        rest = rest[:at] + sign + rest[at:]
    head = ("HTTP/1.1 200 OK" + rest[: rest.index("\r\n\r\n") + 4]).encode("latin-1")
    reader, oracle = ReplyReader(ReplayedStream([head]), a_budget()), Oracle()
    try:
        HttpResponseParser(oracle).feed_data(re.sub(rb"\r\n[ \t]+", b" ", head))
        expected: object = oracle.headers
    except HttpParserError:
        expected = None
    try:
        reader.read_head()
        read: object = reader.headers
    except PollFailed:
        read = None
    assert read == expected
