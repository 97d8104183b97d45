"""Bytes → one HTTP reply.

httptools parses heads: it is Node's llhttp, refuses every ambiguous framing, and costs a fetch 72 µs where h11 costs
173 and lines parsed by hand 86. It keeps quiet about where a message ends and how large a chunk is, so bodies are read
here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from exporter.zapi.body import MAX_BODY, BodyDecoder, BodyTooLarge, InvalidReply, UnrequestedEncoding
from exporter.zapi.chunks import Chunks

MAX_HEADS: Final = 64 * 1024
"""Most bytes of status line and headers, those of interim replies included."""

MAX_HEADERS: Final = 100
"""Most headers of one reply."""

_END_OF_HEAD: Final = b"\r\n\r\n"
_FOLDED: Final = re.compile(rb"\r\n[ \t]+")
_HUGE_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length:[ \t]*[0-9]{16,}[ \t]*\r\n")


class HeadTooLarge(Exception):
    """There is more than :data:`MAX_HEADS` or :data:`MAX_HEADERS` of the headers."""


@dataclass(slots=True)
class Reply:
    """A whole reply. ``headers`` have lower-case names, equal ones are joined; ``data`` is the decoded body."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    reusable: bool
    """Whether the connection may serve another request, as far as the reply tells."""


class _Head:
    """Collects what the parser finds in one head."""

    __slots__ = ("has_no_body", "header_count", "headers", "is_complete")

    def __init__(self) -> None:
        self.header_count = 0
        self.headers: dict[str, str] = {}
        self.is_complete = self.has_no_body = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_count += 1
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").rstrip()
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        self.is_complete = True

    def on_message_complete(self) -> None:
        self.has_no_body = True


class ReplyReader:
    """Reads one final reply and passes over the interim ones before it.

    With ``head_only`` the reply ends with its headers, as one to CONNECT does. :meth:`feed` and :meth:`end` raise
    :class:`InvalidReply`, :class:`HeadTooLarge` and what :class:`~exporter.zapi.body.BodyDecoder` raises.
    """

    def __init__(self, *, head_only: bool = False) -> None:
        self._head_only = head_only
        self._head_bytes = 0
        self._pending = b""
        self._body: BodyDecoder | None = None
        self._body_bytes_left: int | None = None
        self._chunks = Chunks()
        self._is_last = self._has_surplus = False
        self.headers: Mapping[str, str] = {}
        self.status = 0
        """0 until the final head was read; an error that is raised later concerns the body."""
        self.is_complete = False
        self._begin()

    def feed(self, data: bytes) -> None:
        """Take the next bytes received."""
        while data and not self.is_complete:
            data = self._feed_body(data) if self.status else self._feed_head(data)
        if data:
            self._has_surplus = True

    def end(self) -> None:
        """Take note that the stream has ended: it completes a body without a length, and nothing else."""
        if self._body is None or self._body_bytes_left is not None or "transfer-encoding" in self.headers:
            raise InvalidReply
        self.is_complete = self._is_last = True

    def result(self) -> Reply:
        """Return the complete reply. Raise :class:`~exporter.zapi.body.CorruptBody`."""
        data = b"" if self._body is None else self._body.finish()
        return Reply(self.status, self.headers, data, not self._is_last and not self._has_surplus)

    def _begin(self) -> None:
        self._head = _Head()
        self._parser = HttpResponseParser(self._head)

    def _feed_head(self, data: bytes) -> bytes:
        """Return what follows the head."""
        data = self._pending + data
        end = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        is_whole = end >= len(_END_OF_HEAD)
        if not is_whole:
            end = len(data.rstrip(b"\r\n"))  # a line break may end the head, or precede a folded line
        head, rest = data[:end], data[end:]
        self._pending = b"" if is_whole else rest
        self._head_bytes += len(head)
        if self._head_bytes + len(self._pending) > MAX_HEADS:
            raise HeadTooLarge
        if b"\r\n " in head or b"\r\n\t" in head:
            head = _FOLDED.sub(b" ", head)
        self._parse(head)
        if self._head.header_count > MAX_HEADERS:
            raise HeadTooLarge
        if not is_whole:
            return b""
        self._end_head()
        return rest

    def _end_head(self) -> None:
        head, status, version = self._head, self._parser.get_status_code(), self._parser.get_http_version()
        if not head.is_complete or status < 100 or version not in ("1.0", "1.1"):
            raise InvalidReply
        if status < 200 and status != 101:
            self._begin()
            return
        self.status, self.headers = status, head.headers
        self._is_last = (
            version == "1.0" or status == 101 or "close" in self.headers.get("connection", "").lower()
        )
        if self._head_only or head.has_no_body:
            self.is_complete = True
            return
        length, coding = self.headers.get("content-length"), self.headers.get("transfer-encoding", "chunked")
        if coding.lower() != "chunked":
            raise UnrequestedEncoding
        if length is not None:
            self._body_bytes_left = int(length)
            if self._body_bytes_left > MAX_BODY:
                raise BodyTooLarge
        self._body = BodyDecoder(self.headers.get("content-encoding", ""))

    def _feed_body(self, data: bytes) -> bytes:
        """Return what follows the body, as far as its length is known beforehand."""
        assert self._body is not None
        if self._body_bytes_left is not None:
            block, rest = data[: self._body_bytes_left], data[self._body_bytes_left :]
            self._body.feed(block)
            self._body_bytes_left -= len(block)
            self.is_complete = self._body_bytes_left == 0
            return rest
        if "transfer-encoding" in self.headers:
            return self._feed_chunks(self._pending + data, self._body)
        self._body.feed(data)
        return b""

    def _feed_chunks(self, data: bytes, body: BodyDecoder) -> bytes:
        for begin, end in self._chunks.find_data(data, 0, len(data)):
            body.feed(data[begin:end])
        self.is_complete, rest = self._chunks.is_complete, data[self._chunks.at :]
        self._pending = b"" if self.is_complete else rest
        return rest if self.is_complete else b""

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._head.has_no_body = True
        except HttpParserError:
            if not self._head.has_no_body:  # else a 101 that names no protocol
                raise (BodyTooLarge if _HUGE_LENGTH.search(data) else InvalidReply) from None
