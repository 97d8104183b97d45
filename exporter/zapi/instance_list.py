"""The instances of an account: one page of its list, and all its pages → the whole list, or why it cannot be read.

``GET /instances?page=1&pageSize=20``, with the token of a partner. Other fields of an instance are ignored, because
every poll of its ``/me`` returns them.

Instances are created and deleted while the pages are read, so that items move from page to page: some appear twice
and others not at all. A list is used only if all pages report the same total and that many different ids were found;
otherwise all pages are read again, a few times.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from exporter.model.account_list import MAX_TEXT, ListedInstance, Listing, ListPage, is_word
from exporter.model.poll_result import Failure, Reason
from exporter.model.secret import Secret
from exporter.zapi.failures import invalid_reply, is_empty, known_failure, refusal
from exporter.zapi.json_values import (
    Bytes,
    TooManyValues,
    Unreadable,
    decode_object,
    text,
    unix_seconds,
    whole_number,
)

MAX_TOTAL: Final = 100_000
"""Most instances that a list may have."""

T = TypeVar("T")

PASSES: Final = 3
"""Number of times that all pages are read at most for one listing."""
_BEYOND_THE_END: Final = frozenset({Reason.NOT_FOUND, Reason.BAD_STATUS})
"""Reasons that a server may give for a page past the end."""
Ask = Callable[[int], ListPage | Failure]
"""Requests the page of a number, counted from 1."""


def refusal_of_list(status: int, body: Bytes, retry_after: str | None, now: float) -> Failure:
    """Return the failure that a response means whose status is not 2xx, in words of lists."""
    return _in_words_of_lists(refusal(status, body, retry_after, now), status)


def read_list_page(body: Bytes) -> ListPage | Failure:
    """Read the body of a 2xx answer.

    Return a :class:`Failure` if the body is not a JSON object or is too large, if it contains an error, and if the
    instances or their total are missing.
    """
    try:
        reply = decode_object(body)
    except TooManyValues:
        return invalid_reply("the page of the list holds too many values; make page_size smaller")
    except ValueError:
        return invalid_reply("the page of the list is not a JSON object")
    failure = known_failure(reply)
    if failure is not None:
        return _in_words_of_lists(failure, 200)
    if not is_empty(reply.get("error")):
        return invalid_reply("the page of the list is an error of a kind not known here")
    return _read_page(reply)


def _read_page(reply: Mapping[str, Any]) -> ListPage | Failure:
    content, total = reply.get("content"), _readable(whole_number, reply.get("total"))
    if total is None:
        return invalid_reply("the page of the list does not say how many instances there are")
    if total > MAX_TOTAL:
        return Failure(Reason.TOO_LARGE, f"the list has more than {MAX_TOTAL:,} instances")
    if content is None and total == 0:
        content = []
    if not isinstance(content, list):
        return invalid_reply("the page of the list holds no list of instances")
    instances = tuple(instance for item in content if (instance := _instance(item)) is not None)
    return ListPage(total, _readable(whole_number, reply.get("totalPage")), instances)


def _instance(item: Any) -> ListedInstance | None:
    """Return an item of the list; ``None`` if it has no id."""
    if not isinstance(item, dict):
        return None
    instance_id = _readable(_word, item.get("id"))
    if instance_id is None:
        return None
    token = _readable(_word, item.get("token"))
    return ListedInstance(
        id=instance_id,
        token=None if token is None else Secret(token),
        name=_readable(_name, item.get("name")) or "",
        created=_readable(unix_seconds, item.get("created")),
    )


def _readable(read: Callable[[Any], T], value: Any) -> T | None:
    """Return the value of a field; ``None`` if it is absent or unreadable."""
    try:
        return read(value)
    except Unreadable:
        return None


def _word(value: Any) -> str:
    word = _text_of_list(value)
    if not is_word(word):
        raise Unreadable
    return word


def _name(value: Any) -> str:
    """Return the name, cut where it is too long."""
    return _text_of_list(value)[:MAX_TEXT].strip()


def _text_of_list(value: Any) -> str:
    listed = text(value)
    if "\0" in listed:
        raise Unreadable
    return listed.strip()


def _in_words_of_lists(failure: Failure, status: int) -> Failure:
    """Return the same reason with a phrase about a list, if its phrase is about one instance."""
    if failure.reason is Reason.UNAUTHORIZED:
        return Failure(
            failure.reason, "Z-API refused the partner token, which is no Client-Token", failure.retry_after
        )
    if failure.reason is Reason.NOT_FOUND:
        return Failure(
            failure.reason, "Z-API has no list of instances for this partner token", failure.retry_after
        )
    if failure.reason is Reason.FORBIDDEN:
        return Failure(
            failure.reason,
            f"Z-API or a server in front of it refused the list (HTTP {status}); is the partner token right?",
            failure.retry_after,
        )
    return failure


def read_listing(ask: Ask) -> Listing | Failure:
    """Read a list once, as :meth:`ListingReader.read` does."""
    return ListingReader().read(ask)


class ListingReader:
    """Reads a list repeatedly.

    After a failure at a later page, the next reading continues with that page. If every reading started with the
    first page, a rate limit, or one failure in a hundred requests, would keep a long list from ever being read.
    """

    def __init__(self) -> None:
        self._unfinished: _Pass | None = None

    def read(self, ask: Ask) -> Listing | Failure:
        """Read all pages; if one fails, return its failure unchanged.

        If no pass sees the whole list, return a failure that says what was missing in the last one.
        """
        current, self._unfinished = self._unfinished or _Pass(), None
        result: Listing | _Incomplete | Failure
        for _ in range(PASSES):
            begun_at = current.number
            result = current.read(ask)
            if isinstance(result, Failure) and current.number > begun_at:
                self._unfinished = current
            if not isinstance(result, _Incomplete):
                return result
            current = _Pass()
        assert isinstance(result, _Incomplete)
        return Failure(Reason.INVALID_RESPONSE, result.detail)


@dataclass(frozen=True, slots=True)
class _Incomplete:
    """A pass that did not see the whole list, most likely because it changed meanwhile."""

    detail: str


@dataclass(slots=True)
class _Pass:
    """One pass through the pages: what those before the page ``number`` reported."""

    number: int = 1
    total: int | None = None
    found: dict[str, ListedInstance] = field(default_factory=dict)
    fruitless: int = 0

    def read(self, ask: Ask) -> Listing | _Incomplete | Failure:
        """Read the remaining pages. After a :class:`Failure` it can be called again."""
        while True:
            page = ask(self.number)
            if isinstance(page, Failure):
                if len(self.found) == self.total:
                    break  # past the end, though the pages before said that there is another
                is_shift = self.number > 1 and page.reason in _BEYOND_THE_END
                return _Incomplete("the list became shorter while it was read") if is_shift else page
            if self.total is not None and page.total != self.total:
                return _Incomplete("the list changed while it was read")
            if self._add(page):
                break
            self.number += 1
        if len(self.found) != self.total:
            return _Incomplete(
                f"the list is not complete: it has {len(self.found)} instances and says {self.total}"
            )
        return tuple(self.found.values())

    def _add(self, page: ListPage) -> bool:
        """Add the instances of a page; return whether it was the last page to request."""
        self.total, before = page.total, len(self.found)
        self.found |= {instance.identity: instance for instance in page.instances}
        self.fruitless = 0 if len(self.found) > before else self.fruitless + 1
        patience = 1 if len(self.found) < page.total else 0
        is_last = page.pages is not None and 0 < page.pages <= self.number
        return is_last or len(self.found) > page.total or self.fruitless > patience
