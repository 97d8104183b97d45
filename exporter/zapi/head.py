"""What comes before the body of an answer.

The standard library reads headers as those of a mail, which takes a quarter of a poll. Here they are read as lines; the
framing of the body that they announce stays the standard library's.
"""

import http.client
from collections.abc import Mapping
from http import HTTPStatus
from typing import BinaryIO, Final, cast

_LINE_BYTES: Final = 64 * 1024
_MOST_LINES: Final = 100
_WITHOUT_BODY: Final = frozenset({*range(100, 200), HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class MalformedHeader(http.client.HTTPException):
    """A line among the headers that is none."""


class LeanResponse(http.client.HTTPResponse):
    """The names of its ``headers`` are in lower case; of equal ones the first is kept. Not for answers to ``HEAD``."""

    def begin(self) -> None:
        """Read up to the body, past interim answers.

        Raises :class:`http.client.HTTPException` for what is not HTTP/1, its bare self for too many headers, and
        :class:`http.client.RemoteDisconnected` where nothing came.
        """
        stream = cast("BinaryIO", self.fp)
        version, status = _read_status(stream)
        while status == HTTPStatus.CONTINUE:
            _read_headers(stream)
            version, status = _read_status(stream)
        headers = _read_headers(stream)
        self.status = self.code = status
        self.version = version
        self.headers = self.msg = cast("http.client.HTTPMessage", headers)
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(status, headers)
        unbounded = self.length is None and not self.chunked
        self.will_close = unbounded or _ends_connection(version, headers)


def _read_status(stream: BinaryIO) -> tuple[int, int]:
    """10 or 11 for HTTP/1.0 or 1.1, and the status."""
    line = stream.readline(_LINE_BYTES + 1)
    if len(line) > _LINE_BYTES:
        raise http.client.LineTooLong("status line")
    if not line:
        raise http.client.RemoteDisconnected("closed before the answer")
    version, status, *_ = [*line.split(None, 2), b"", b""]
    if not version.startswith(b"HTTP/") or len(status) != 3 or not status.isdigit() or status < b"100":
        raise http.client.BadStatusLine("malformed")
    if not version.startswith((b"HTTP/1.", b"HTTP/0.9")):
        raise http.client.UnknownProtocol("not HTTP/1")
    return (10 if version in (b"HTTP/1.0", b"HTTP/0.9") else 11), int(status)


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    name, lines = "", 0
    while (line := stream.readline(_LINE_BYTES + 1)) not in (b"\r\n", b"\n", b""):
        lines += 1
        if len(line) > _LINE_BYTES:
            raise http.client.LineTooLong("header line")
        if lines > _MOST_LINES:
            raise http.client.HTTPException("too many headers")
        text = line.decode("latin-1")
        if text[0] in " \t" and name:  # goes on with the line before
            headers[name] += f" {text.strip()}"
            continue
        before, colon, value = text.partition(":")
        name = before.strip().lower()
        if not colon or not name:
            raise MalformedHeader
        headers.setdefault(name, value.strip())
    return headers


def _length(status: int, headers: Mapping[str, str]) -> int | None:
    """Of the body in bytes, ``None`` where it ends with the connection."""
    if status in _WITHOUT_BODY:
        return 0
    announced = headers.get("content-length", "")
    return int(announced) if announced.isascii() and announced.isdigit() else None


def _ends_connection(version: int, headers: Mapping[str, str]) -> bool:
    connection = headers.get("connection", "").lower()
    return "close" in connection if version == 11 else "keep-alive" not in connection
