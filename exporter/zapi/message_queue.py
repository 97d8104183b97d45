"""The replies of ``/queue/count`` and ``/queue`` → the number of messages and the age of the oldest. Pure.

A page of ``/queue`` holds the texts and the telephone numbers of customers. It is scanned in the receive buffer, and
only the digits of ``Created`` are copied.
"""

import re
from typing import Final

from exporter.model.poll_result import Failure
from exporter.zapi.failures import invalid_reply, known_failure
from exporter.zapi.json_values import Bytes, Unreadable, decode_object, unix_seconds, whole_number

_TOKEN: Final = re.compile(
    rb'[ \t\r\n]*(?:(?P<text>"[^"\\]*(?:\\.[^"\\]*)*")|(?P<mark>[\[\]{}:,])|(?P<word>[-+.0-9A-Za-z]+))',
    re.DOTALL,
)
_BLANK: Final = re.compile(rb"[ \t\r\n]*")
_MILLISECONDS: Final = re.compile(rb"[0-9]{1,15}")
_MOST_NESTED: Final = 32
_CLOSES: Final = {b"}": b"{", b"]": b"["}
_IN_A_MESSAGE: Final = [b"{", b"[", b"{"]

Span = tuple[int, int]


class NotAPage(ValueError):
    """The bytes are no JSON object, or one without a list of messages."""


def oldest_created(page: memoryview) -> int | None:
    """Return the smallest ``Created`` of the messages, as written in the page; ``None`` if no message has one.

    Raise :class:`NotAPage`.
    """
    scanner = _Scanner(page)
    at = 0
    while token := _TOKEN.match(page, at):
        scanner.take(str(token.lastgroup), token.span(str(token.lastgroup)))
        at = token.end()
    if scanner.nesting or not scanner.has_messages or _BLANK.fullmatch(page, at) is None:
        raise NotAPage
    return scanner.oldest


class _Scanner:
    """Keeps the place in the document, and the least ``Created`` so far."""

    def __init__(self, page: memoryview) -> None:
        self._page = page
        self._key: Span | None = None
        self._text: Span | None = None
        self._is_opened = self._is_in_messages = False
        self.nesting: list[bytes] = []
        self.has_messages = False
        self.oldest: int | None = None

    def take(self, kind: str, span: Span) -> None:
        if kind == "mark":
            self._take_mark(bytes(self._page[span[0] : span[1]]))
            return
        if not self.nesting:
            raise NotAPage
        is_text = kind == "text"
        self._text = span  # without quotes it equals no key
        if self._is_in_messages and self.nesting == _IN_A_MESSAGE and self._is_key(b'"Created"'):
            self._take_created((span[0] + 1, span[1] - 1) if is_text else span)

    def _take_mark(self, mark: bytes) -> None:
        if mark == b":":
            self._key = self._text
        elif mark in _CLOSES:
            if not self.nesting or self.nesting.pop() != _CLOSES[mark]:
                raise NotAPage
            self._is_in_messages = self._is_in_messages and len(self.nesting) > 1
        elif mark != b",":
            self._open(mark)
        if mark != b":":
            self._key = None
        self._text = None

    def _open(self, mark: bytes) -> None:
        if len(self.nesting) == _MOST_NESTED or (not self.nesting and (mark != b"{" or self._is_opened)):
            raise NotAPage
        self._is_opened = True
        if mark == b"[" and self.nesting == [b"{"] and self._is_key(b'"messages"'):
            self.has_messages = self._is_in_messages = True
        self.nesting.append(mark)

    def _is_key(self, name: bytes) -> bool:
        """Compare without a copy, as the key of one object may be the text of another."""
        return self._key is not None and self._page[self._key[0] : self._key[1]] == name

    def _take_created(self, span: Span) -> None:
        if _MILLISECONDS.fullmatch(self._page, *span) is None:
            return
        created = int(bytes(self._page[span[0] : span[1]]))
        if created > 0 and (self.oldest is None or created < self.oldest):
            self.oldest = created


def read_count(body: Bytes) -> int | Failure:
    """Read the body of a 200 answer to ``/queue/count``: the messages that wait."""
    try:
        reply = decode_object(body)
    except ValueError:
        return invalid_reply("the reply to /queue/count is not a JSON object")
    failure = known_failure(reply)
    if failure is not None:
        return failure
    try:
        return whole_number(reply.get("count"))
    except Unreadable:
        return invalid_reply("the reply to /queue/count has no readable count")


def read_oldest(body: Bytes) -> float | Failure | None:
    """Return since when the oldest message waits, in unix seconds, by the body of a 200 answer to ``/queue``.

    Return ``None`` if no message has a readable ``Created``. The messages are not decoded.
    """
    try:
        return unix_seconds(oldest_created(memoryview(body)))
    except NotAPage:
        return invalid_reply("the reply to /queue is not a page of messages")
    except Unreadable:
        return None
