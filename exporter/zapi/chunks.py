"""The body in chunks of a reply (RFC 9112, section 7.1), put together where it was received.

httptools checks chunks as well, but does not tell how large one says it is: a size that no body may have would only be
found out at the timeout.
"""

import re
from typing import Final

from exporter.zapi.body import MAX_BODY
from exporter.zapi.errors import BODY_TOO_LARGE, INVALID_REPLY, PollFailed

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,64})(?:[ \t]*;[^\r\n\0]*)?\r\n")
_TRAILER: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n")
_LINE_END: Final = b"\r\n"
_LONGEST_LINE: Final = 4096


class Chunks:
    """Moves the data of one body together, which begins at ``begin``."""

    def __init__(self, begin: int) -> None:
        self._size = self._left = 0
        self._is_in_chunk = self._is_in_trailers = self.is_complete = False
        self.at = begin
        """Up to where the bytes were understood."""
        self.data_end = begin
        """Up to where the data lies, without the lines that framed it."""

    def join(self, received: bytearray, end: int) -> None:
        """Look at the bytes up to ``end``. Raise :class:`PollFailed` for a bad line and for what would be too large."""
        with memoryview(received) as view:
            while not self.is_complete:
                if self._left and self.at < end:
                    size = min(end - self.at, self._left)
                    view[self.data_end : self.data_end + size] = view[self.at : self.at + size]
                    self.at += size
                    self.data_end += size
                    self._left -= size
                elif self._left or not self._take_line(received, end):
                    return

    def _take_line(self, received: bytearray, end: int) -> bool:
        """Return whether there is a whole line."""
        if received.startswith(_LINE_END, self.at, end) and (self._is_in_chunk or self._is_in_trailers):
            self.at += len(_LINE_END)
            self.is_complete, self._is_in_chunk = self._is_in_trailers, False
            return True
        line = (
            None
            if self._is_in_chunk
            else (_TRAILER if self._is_in_trailers else _SIZE).match(received, self.at, end)
        )
        if line is not None:
            self.at = line.end()
            if not self._is_in_trailers:
                self._begin_chunk(int(bytes(line[1]), 16))
            return True
        is_ended = received.find(b"\n", self.at, end) >= 0
        if is_ended or (self._is_in_chunk and end - self.at >= len(_LINE_END)):
            raise PollFailed(INVALID_REPLY)
        if end - self.at > _LONGEST_LINE:
            raise PollFailed(BODY_TOO_LARGE)
        return False

    def _begin_chunk(self, size: int) -> None:
        self._size += size
        if self._size > MAX_BODY:
            raise PollFailed(BODY_TOO_LARGE)
        self._left = size
        self._is_in_chunk, self._is_in_trailers = size > 0, size == 0
