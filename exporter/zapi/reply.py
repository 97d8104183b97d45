"""One HTTP reply: read in the buffer that it was received in, which is erased at the end, and decoded.

A page of ``/queue`` has the texts and telephone numbers of customers. HTTP parsers would copy the body, so it is parsed
in the receive buffer, and no copy stays in memory. A reply whose end is ambiguous is refused.
"""

import contextlib
import re
import zlib
from typing import Final

from exporter.zapi.failures import (
    BODY_TOO_LARGE,
    CORRUPT_BODY,
    HEAD_TOO_LARGE,
    INVALID_REPLY,
    UNKNOWN_ENCODING,
    PollFailed,
)
from exporter.zapi.stream import BLOCK, Budget, Stream

MAX_BODY: Final = 1024 * 1024
"""Largest body accepted, in bytes, before and after decompression."""

MAX_HEADS: Final = 64 * 1024
"""Most bytes of status line and headers, those of interim replies included."""

_HEAD: Final = re.compile(
    rb"HTTP/1\.[01] [1-9][0-9]{2}(?: [^\r\n]*)?\r\n"
    rb"(?:(?!(?i:transfer-encoding):[ \t]*\r)[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n"
)
_HEADERS: Final = re.compile(
    rb"(?i)\r\n(connection|content-encoding|content-length|retry-after|transfer-encoding):([^\r]*)"
)
"""The headers that are used. Reading five more would cost a poll 3 µs."""
_LENGTH: Final = re.compile("0{0,99}[0-9]{1,20}")
_LENGTHS: Final = 2**64
"""The smallest ``Content-Length`` that makes a head invalid."""

_NO_STATUS_LINE: Final = re.compile(rb"(?s)(?!HTTP/1\.[01] [1-9][0-9]{2}[ \r])(?:.{13}|.*\n)")
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_FOLDED: Final = re.compile(rb"\r\n[ \t]+")
_HUGE_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length:[ \t]*[0-9]{16,}[ \t]*\r\n")
_WITHOUT_BODY: Final = frozenset({101, 204, 304})
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,64})(?:[ \t]*;[^\r\n\0]*)?\r\n")
_LINE_END: Final = re.compile(rb"\r\n")
_TRAILER: Final = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*)?\r\n")
_LONGEST_LINE: Final = 4096

_CODINGS: Final = frozenset({"", "identity", "gzip", "x-gzip"})
"""The values of ``Content-Encoding`` that are read, in lower case."""
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_MAX_MEMBERS: Final = 100
"""Most gzip members in one body: each costs a copy of all that follows it."""


class ReplyReader:
    """Reads one final reply and skips the interim ones before it.

    Every method that reads raises :class:`~exporter.zapi.failures.PollFailed` for bytes that are not a reply, and
    :class:`OSError` if the connection fails first.
    """

    def __init__(self, stream: Stream, budget: Budget) -> None:
        self._stream, self._budget = stream, budget
        self._buffer = bytearray(BLOCK)
        self.received = 0
        """How many bytes were received."""
        self._at = 0
        """How many of them were parsed."""
        self._body_begin = self._body_end = 0
        self._is_last = False
        self.status = 0
        """0 until the final head was read."""
        self.headers: dict[str, str] = {}
        """Those that mean something here, with names in lower case; equal ones are joined."""

    @property
    def has_surplus(self) -> bool:
        """Whether bytes after the reply were received."""
        return self._at < self.received

    @property
    def is_reusable(self) -> bool:
        """Whether the connection may serve another request, as far as the reply tells."""
        return not self._is_last and not self.has_surplus

    def read(self) -> bytearray:
        """Read the whole reply and return its decoded body, which is empty if only the status could be read."""
        self.read_head()
        try:
            return self._read_body()
        except (OSError, PollFailed):
            if 200 <= self.status < 300:
                raise
            self._is_last = True
            return bytearray()

    def read_head(self) -> None:
        """Read the head of the final reply, which is the whole reply to CONNECT."""
        status = 0
        while status < 200 and status != 101:
            end = self._end_of_head()
            status = self._parse_head(bytes(self._buffer[self._at : end]))
            self._at = end
        self.status, self._body_begin, self._body_end = status, end, end

    def erase(self) -> None:
        """Overwrite all that was received."""
        self._buffer[: self.received] = bytes(self.received)

    def _end_of_head(self) -> int:
        sought = self._at
        while True:
            if _NO_STATUS_LINE.match(self._buffer, self._at, self.received):
                raise PollFailed(INVALID_REPLY)
            found = _END_OF_HEAD.search(self._buffer, sought, self.received)
            end = self.received if found is None else found.end()
            if end > MAX_HEADS:
                raise PollFailed(HEAD_TOO_LARGE)
            if found is not None:
                return end
            sought = max(self._at, self.received - 2)
            self._require_more()

    def _parse_head(self, received: bytes) -> int:
        """Take the headers and return the status."""
        head = _FOLDED.sub(b" ", received)
        self.headers = {}
        for name, value in _HEADERS.findall(head):
            key, text = name.lower().decode(), value.decode("latin-1").strip(" \t")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        status = int(head[9:12])
        if status != 101 and not (_HEAD.fullmatch(head) and self._states_one_length()):
            raise PollFailed(BODY_TOO_LARGE if _HUGE_LENGTH.search(received) else INVALID_REPLY)
        says_close = "close" in self.headers.get("connection", "").lower()
        self._is_last = status == 101 or says_close or head.startswith(b"HTTP/1.0")
        return status

    def _states_one_length(self) -> bool:
        """Return whether the headers say at most once, and in one way, where the body ends."""
        length = self.headers.get("content-length")
        if length is None:
            return True
        is_length = _LENGTH.fullmatch(length) is not None and int(length) < _LENGTHS
        return is_length and "transfer-encoding" not in self.headers

    def _read_body(self) -> bytearray:
        if self.status in _WITHOUT_BODY:
            return bytearray()
        coding = self.headers.get("content-encoding", "").strip().lower()
        transfer = self.headers.get("transfer-encoding")
        if (transfer or "chunked").lower() != "chunked" or coding not in _CODINGS:
            raise PollFailed(UNKNOWN_ENCODING)
        if transfer is not None:
            while size := int(self._take_line(_SIZE)[1], 16):
                self._read_data(size)
                self._take_line(_LINE_END)
            while self._take_line(_TRAILER)[0] != b"\r\n":
                pass
        elif "content-length" in self.headers:
            self._read_data(int(self.headers["content-length"]))
        else:
            self._is_last = True  # its end is that of the body
            self._read_data(self.received - self._at)
            while self._receive():
                self._read_data(self.received - self._at)
        return decode_body(coding, memoryview(self._buffer)[self._body_begin : self._body_end])

    def _read_data(self, size: int) -> None:
        """Add so many bytes to the body, and move them to where it ends."""
        if self._body_end - self._body_begin + size > MAX_BODY:
            raise PollFailed(BODY_TOO_LARGE)
        while self.received - self._at < size:
            self._require_more()
        if self._body_end < self._at:
            with memoryview(self._buffer) as view:
                view[self._body_end : self._body_end + size] = view[self._at : self._at + size]
        self._at += size
        self._body_end += size

    def _take_line(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Read a line among chunks, of which none is long."""
        while (line := pattern.match(self._buffer, self._at, self.received)) is None:
            if self._buffer.find(b"\n", self._at, self.received) >= 0:
                raise PollFailed(INVALID_REPLY)
            if self.received - self._at > _LONGEST_LINE:
                raise PollFailed(BODY_TOO_LARGE)
            self._require_more()
        self._at = line.end()
        return line

    def _require_more(self) -> None:
        if not self._receive():
            raise PollFailed(INVALID_REPLY) if self.received else ConnectionResetError("no reply")

    def _receive(self) -> int:
        """Wait for more bytes; return how many came, 0 at the end of the stream."""
        if self.received == len(self._buffer):
            larger = bytearray(2 * self.received)
            larger[: self.received] = self._buffer
            self.erase()
            self._buffer = larger
        count = self._stream.receive_into(memoryview(self._buffer)[self.received :], self._budget)
        self.received += count
        return count


def decode_body(coding: str, sent: memoryview) -> bytearray:
    """Decode a body whose content encoding is read here. An empty body is valid in each of them.

    Raise :class:`PollFailed` if the body is not in this coding or is incomplete, and as soon as the decoded body is
    too large.
    """
    if not sent or not coding.endswith("gzip"):
        return bytearray(sent)
    body, left = bytearray(), bytes(sent)
    with contextlib.suppress(zlib.error):
        for _ in range(_MAX_MEMBERS):
            member = zlib.decompressobj(_GZIP_WINDOW)
            body += member.decompress(left, MAX_BODY + 1 - len(body))
            if len(body) > MAX_BODY:
                raise PollFailed(BODY_TOO_LARGE)
            left = member.unused_data
            if member.eof and not left:
                return body
    raise PollFailed(CORRUPT_BODY)
