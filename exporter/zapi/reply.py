"""Bytes → one HTTP reply, read in the one buffer it is received in, which is erased at the end.

A page of ``/queue`` holds the texts and telephone numbers of customers: no copy of it stays in memory.

httptools parses heads: it is Node's llhttp, refuses every ambiguous framing, and costs a fetch 72 µs where h11 costs
173 and lines parsed by hand 86. It keeps quiet about where a message ends and how large a chunk is, so bodies are read
here.
"""

import re
from collections.abc import Mapping
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from exporter.zapi.body import CODINGS, MAX_BODY
from exporter.zapi.budget import Budget
from exporter.zapi.chunks import Chunks
from exporter.zapi.errors import (
    BODY_TOO_LARGE,
    HEAD_TOO_LARGE,
    INVALID_REPLY,
    UNREQUESTED_ENCODING,
    PollFailed,
)
from exporter.zapi.stream import BLOCK, Stream

MAX_HEADS: Final = 64 * 1024
"""Most bytes of status line and headers, those of interim replies included."""

MAX_HEADERS: Final = 100
"""Most headers of one reply."""

_HEADERS: Final = {
    name.encode(): name
    for name in ("connection", "content-encoding", "content-length", "retry-after", "transfer-encoding")
}
"""The headers that anything is made of. To take all the others too would cost a poll 3 µs for five of them."""

_END_OF_HEAD: Final = b"\r\n\r\n"
_FOLDED: Final = re.compile(rb"\r\n[ \t]+")
_HUGE_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length:[ \t]*[0-9]{16,}[ \t]*\r\n")


class _Head:
    """Collects what the parser finds in one head."""

    __slots__ = ("has_no_body", "header_count", "headers", "is_complete")

    def __init__(self) -> None:
        self.header_count = 0
        self.headers: dict[str, str] = {}
        self.is_complete = self.has_no_body = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_count += 1
        key = _HEADERS.get(name.lower())
        if key is not None:
            text = value.decode("latin-1").rstrip()
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        self.is_complete = True

    def on_message_complete(self) -> None:
        self.has_no_body = True


class ReplyReader:
    """Reads one final reply and passes over the interim ones before it.

    With ``head_only`` the reply ends with its headers, as one to CONNECT does.
    """

    def __init__(self, *, head_only: bool = False) -> None:
        self._head_only = head_only
        self._buffer = bytearray(BLOCK)
        self._end = 0
        """Up to where bytes were received."""
        self._at = 0
        """Up to where they are understood."""
        self._length: int | None = None
        self._chunks: Chunks | None = None
        self._is_last = False
        self._body = (0, 0)
        self.headers: Mapping[str, str] = {}
        """Those that mean something here, with names in lower case; equal ones are joined."""
        self.status = 0
        """0 until the final head was read; an error that is raised later concerns the body."""
        self.is_complete = False
        self._begin()

    @property
    def was_heard(self) -> bool:
        """Whether any byte came."""
        return self._end > 0

    @property
    def body(self) -> memoryview:
        """The body as it was sent, without its framing, until it is erased."""
        return memoryview(self._buffer)[slice(*self._body)]

    @property
    def has_surplus(self) -> bool:
        """Whether more came than the reply."""
        return self._at < self._end

    @property
    def is_reusable(self) -> bool:
        """Whether the connection may serve another request, as far as the reply tells."""
        return not self._is_last and not self.has_surplus

    def receive(self, stream: Stream, budget: Budget) -> None:
        """Wait for more bytes and read them.

        Raise :class:`~exporter.zapi.errors.PollFailed` for what is no reply, and :class:`OSError` where there is none.
        """
        if self._end == len(self._buffer):
            self._enlarge()
        count = stream.receive_into(memoryview(self._buffer)[self._end :], budget)
        self._end += count
        if not self._end:
            raise ConnectionResetError("closed before the reply")
        if not count:
            self._take_end()
            return
        while not self.status and self._take_head():
            pass
        if self.status and not self.is_complete:
            self._take_body()

    def erase(self) -> None:
        """Overwrite all that was received."""
        self._buffer[: self._end] = bytes(self._end)

    def _enlarge(self) -> None:
        larger = bytearray(2 * self._end)
        larger[: self._end] = self._buffer
        self.erase()
        self._buffer = larger

    def _begin(self) -> None:
        self._head = _Head()
        self._parser = HttpResponseParser(self._head)

    def _take_head(self) -> bool:
        """Return whether a head is whole."""
        end = self._buffer.find(_END_OF_HEAD, self._at, self._end) + len(_END_OF_HEAD)
        is_whole = end >= len(_END_OF_HEAD)
        head = bytes(self._buffer[self._at : end if is_whole else self._end])
        if not is_whole:
            head = head.rstrip(b"\r\n")  # a line break may end the head, or precede a folded line
        self._at += len(head)
        if (self._at if is_whole else self._end) > MAX_HEADS:
            raise PollFailed(HEAD_TOO_LARGE)
        if b"\r\n " in head or b"\r\n\t" in head:
            head = _FOLDED.sub(b" ", head)
        self._parse(head)
        if self._head.header_count > MAX_HEADERS:
            raise PollFailed(HEAD_TOO_LARGE)
        if is_whole:
            self._end_head()
        return is_whole

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._head.has_no_body = True
        except HttpParserError:
            if not self._head.has_no_body:  # else a 101 that names no protocol
                is_huge = _HUGE_LENGTH.search(data)
                raise PollFailed(BODY_TOO_LARGE if is_huge else INVALID_REPLY) from None

    def _end_head(self) -> None:
        head, status, version = self._head, self._parser.get_status_code(), self._parser.get_http_version()
        if not head.is_complete or status < 100 or version not in ("1.0", "1.1"):
            raise PollFailed(INVALID_REPLY)
        if status < 200 and status != 101:
            self._begin()
            return
        self.status, self.headers = status, head.headers
        self._is_last = (
            version == "1.0" or status == 101 or "close" in self.headers.get("connection", "").lower()
        )
        self._body = (self._at, self._at)
        if self._head_only or head.has_no_body:
            self.is_complete = True
        else:
            self._begin_body(head.headers)

    def _begin_body(self, headers: Mapping[str, str]) -> None:
        coding = headers.get("transfer-encoding")
        if coding is not None:
            self._chunks = Chunks(self._at)
        if (coding or "chunked").lower() != "chunked" or content_coding(headers) not in CODINGS:
            raise PollFailed(UNREQUESTED_ENCODING)
        if "content-length" in headers:
            self._length = int(headers["content-length"])
            if self._length > MAX_BODY:
                raise PollFailed(BODY_TOO_LARGE)

    def _take_body(self) -> None:
        begin = self._body[0]
        if self._chunks is not None:
            self._chunks.join(self._buffer, self._end)
            self._at, self.is_complete = self._chunks.at, self._chunks.is_complete
            self._body = (begin, self._chunks.data_end)
            return
        self._at = self._end if self._length is None else min(self._end, begin + self._length)
        self._body = (begin, self._at)
        self.is_complete = self._at - begin == self._length
        if self._at - begin > MAX_BODY:
            raise PollFailed(BODY_TOO_LARGE)

    def _take_end(self) -> None:
        """Take note that the stream has ended: it completes a body without a length, and nothing else."""
        if not self.status or self._length is not None or self._chunks is not None:
            raise PollFailed(INVALID_REPLY)
        self.is_complete = self._is_last = True


def content_coding(headers: Mapping[str, str]) -> str:
    """Return the encoding of the body in lower case, empty where the headers name none."""
    return headers.get("content-encoding", "").strip().lower()
