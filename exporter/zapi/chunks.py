"""Where the data of a body in chunks lies (RFC 9112, section 7.1).

httptools checks chunks as well, but does not tell how large one says it is: a size that no body may have would only be
found out at the timeout.
"""

import re
from collections.abc import Iterator
from typing import Final

from exporter.zapi.body import MAX_BODY, BodyTooLarge, InvalidReply

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,64})(?:[ \t]*;[^\r\n\0]*)?\r\n")
_TRAILER: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n")
_LINE_END: Final = b"\r\n"
_LONGEST_LINE: Final = 4096


class Chunks:
    """Finds the data of one body in the bytes received so far, and where the body ends."""

    def __init__(self) -> None:
        self._size = 0
        self._left = 0
        self._is_in_chunk = self._is_in_trailers = self.is_complete = False
        self.at = 0
        """Up to where the bytes were understood; what is behind is to be given again, with what follows it."""

    def find_data(self, received: bytes | bytearray, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where data begins and ends. Raise ``InvalidReply``, and ``BodyTooLarge`` for what it would be."""
        self.at = begin
        while not self.is_complete:
            if self._left and self.at < end:
                begin, self.at = self.at, min(end, self.at + self._left)
                self._left -= self.at - begin
                yield begin, self.at
            elif self._left or not self._take_line(received, end):
                return

    def _take_line(self, received: bytes | bytearray, end: int) -> bool:
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
            raise InvalidReply
        if end - self.at > _LONGEST_LINE:
            raise BodyTooLarge
        return False

    def _begin_chunk(self, size: int) -> None:
        self._size += size
        if self._size > MAX_BODY:
            raise BodyTooLarge
        self._left = size
        self._is_in_chunk, self._is_in_trailers = size > 0, size == 0
