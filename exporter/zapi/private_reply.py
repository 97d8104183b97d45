"""A reply that is read where it was received, and erased there.

A page of ``/queue`` holds the texts and telephone numbers of customers. Its bytes exist in one buffer only, which is
overwritten as soon as the page was looked at: no copy of them stays in the memory of the process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from exporter.zapi.body import MAX_BODY, BodyTooLarge, InvalidReply, UnrequestedEncoding
from exporter.zapi.budget import Budget
from exporter.zapi.chunks import Chunks
from exporter.zapi.reply import MAX_HEADS, HeadTooLarge, ReplyReader
from exporter.zapi.stream import Stream

T = TypeVar("T")

_END_OF_HEAD: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class PrivateReply(Generic[T]):
    """What was made of a reply. ``reusable`` says whether its connection may serve another request."""

    value: T
    reusable: bool


def receive_privately(
    stream: Stream, budget: Budget, read: Callable[[int, memoryview], T], heard: Callable[[], None]
) -> PrivateReply[T]:
    """Receive one reply, and return what ``read`` makes of its status and body before both are erased.

    ``heard`` is called when the first bytes come. Raise one of :data:`~exporter.zapi.errors.WIRE_ERRORS`.
    """
    buffer = bytearray(MAX_HEADS + MAX_BODY)
    end = 0
    with memoryview(buffer) as view:
        reply = _Reply(buffer, view)
        try:
            while not reply.is_complete:
                if end == len(buffer):
                    raise BodyTooLarge
                count = stream.receive_into(view[end:], budget)
                if count:
                    heard()
                    end += count
                    reply.advance(end)
                elif end:
                    reply.close()
                else:
                    raise ConnectionResetError("closed before the reply")
            with view[slice(*reply.body)] as body:
                return PrivateReply(read(reply.status, body), reply.is_reusable)
        finally:
            view[:end] = bytes(end)


class _Reply:
    """One final reply in a buffer, after any interim ones. Chunks are moved together where they lie."""

    def __init__(self, buffer: bytearray, view: memoryview) -> None:
        self._buffer, self._view = buffer, view
        self._head = ReplyReader(head_only=True)
        self._at = 0
        """Up to where the bytes are understood."""
        self._length: int | None = None
        self._chunks = Chunks()
        self.body = (0, 0)
        self._has_head = self._is_chunked = False
        self.is_complete = self.is_reusable = False

    @property
    def status(self) -> int:
        return self._head.status

    def advance(self, end: int) -> None:
        """Look at the bytes up to ``end``."""
        if self._has_head or self._advance_head(end):
            self._advance_body(end)

    def close(self) -> None:
        """Take note that the stream has ended, which completes a body without a length."""
        if not self._has_head or self._length is not None or self._is_chunked:
            raise InvalidReply
        self.is_complete = True

    def _advance_head(self, end: int) -> bool:
        """Return whether the final head is whole."""
        while (head_end := self._buffer.find(_END_OF_HEAD, self._at, end)) >= 0:
            begin, self._at = self._at, head_end + len(_END_OF_HEAD)
            self._head.feed(bytes(self._view[begin : self._at]))
            if self._head.is_complete:
                self._begin_body(self._head.headers)
                return True
        if end - self._at > MAX_HEADS:
            raise HeadTooLarge
        return False

    def _begin_body(self, headers: Mapping[str, str]) -> None:
        coding = headers.get("transfer-encoding", "chunked")
        if coding.lower() != "chunked" or headers.get("content-encoding", "identity").lower() != "identity":
            raise UnrequestedEncoding
        self._has_head, self._is_chunked = True, "transfer-encoding" in headers
        length = headers.get("content-length")
        self._length = 0 if self.status in (204, 304) else None if length is None else int(length)
        if (self._length or 0) > MAX_BODY:
            raise BodyTooLarge
        self.body = (self._at, self._at)

    def _advance_body(self, end: int) -> None:
        begin = self.body[0]
        if self._is_chunked:
            self._join_chunks(end)
        elif self._length is None:
            self.body = (begin, end)
        elif end - begin >= self._length:
            self.body = (begin, begin + self._length)
            self._complete(end == self.body[1])

    def _join_chunks(self, end: int) -> None:
        for begin, data_end in self._chunks.find_data(self._buffer, self._at, end):
            joined, size = self.body[1], data_end - begin
            self._view[joined : joined + size] = self._view[begin:data_end]
            self.body = (self.body[0], joined + size)
        self._at = self._chunks.at
        if self._chunks.is_complete:
            self._complete(end == self._at)

    def _complete(self, is_at_end: bool) -> None:
        self.is_complete = True
        self.is_reusable = is_at_end and self._head.result().reusable
