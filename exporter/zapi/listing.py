"""The pages of an account's list → the whole list, or why it cannot be had.

Instances are made and deleted while the pages are read, so that items move from page to page: some come twice and
others not at all. A list is taken only where every page says the same total and so many different ids were read; else
all pages are read again, a few times.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from exporter.model.account_list import ListedInstance, Listing, ListPage
from exporter.model.poll_result import Failure, Reason

PASSES: Final = 3
"""How many times all pages are read for one listing."""

_BEYOND_THE_END: Final = frozenset({Reason.NOT_FOUND, Reason.BAD_STATUS})
"""What a server may say to a page that has ceased to exist."""

Ask = Callable[[int], ListPage | Failure]
"""Asks for the page of a number, counted from 1."""


def read_listing(ask: Ask) -> Listing | Failure:
    """Read all pages; a failure of one of them is that of the whole, with all that it says."""
    return ListingReader().read(ask)


class ListingReader:
    """Reads a list time and again.

    A reading that failed at a later page goes on there the next time: a list of many pages must not begin anew with
    each, which a limit of the rate, or one failure in a hundred requests, would never let end.
    """

    def __init__(self) -> None:
        self._unfinished: _Pass | None = None

    def forget(self) -> None:
        """Begin the next reading at the first page."""
        self._unfinished = None

    def read(self, ask: Ask) -> Listing | Failure:
        """Read all pages; a failure of one of them is that of the whole, with all that it says."""
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
    """What the pages before that of ``number`` said."""

    number: int = 1
    total: int | None = None
    found: dict[str, ListedInstance] = field(default_factory=dict)
    fruitless: int = 0

    def read(self, ask: Ask) -> Listing | _Incomplete | Failure:
        """Read the pages that are left. After a :class:`Failure` this can be done again."""
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
        """Take what a page says; return whether no other is to be asked for."""
        self.total, before = page.total, len(self.found)
        self.found |= {instance.identity: instance for instance in page.instances}
        self.fruitless = 0 if len(self.found) > before else self.fruitless + 1
        patience = 1 if len(self.found) < page.total else 0
        is_last = bool(page.pages) and self.number >= (page.pages or 0)
        return is_last or len(self.found) > page.total or self.fruitless > patience
