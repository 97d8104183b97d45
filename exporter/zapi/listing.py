"""The pages of an account's list → the whole list, or why it cannot be had.

Instances are made and deleted while the pages are read, so that items move from page to page: some come twice and
others not at all. A list is taken only where every page says the same total and so many different ids were read; else
all pages are read again, a few times.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exporter.model.listing import ListedInstance, Listing, ListPage
from exporter.model.poll_result import Failure, Reason

PASSES: Final = 3
"""How many times all pages are read for one listing."""

_BEYOND_THE_END: Final = frozenset({Reason.NOT_FOUND, Reason.BAD_STATUS})
"""What a server may say to a page that has ceased to exist."""

Ask = Callable[[int], ListPage | Failure]
"""Asks for the page of a number, counted from 1."""


def read_listing(ask: Ask) -> Listing | Failure:
    """Read all pages; a failure of one of them is that of the whole, with all that it says."""
    result: Listing | _Incomplete | Failure
    for _ in range(PASSES):
        result = _read_pages(ask)
        if not isinstance(result, _Incomplete):
            return result
    assert isinstance(result, _Incomplete)
    return Failure(Reason.INVALID_RESPONSE, result.detail)


@dataclass(frozen=True, slots=True)
class _Incomplete:
    """A pass that did not see the whole list, most likely because it changed meanwhile."""

    detail: str


def _read_pages(ask: Ask) -> Listing | _Incomplete | Failure:
    found: dict[str, ListedInstance] = {}
    total: int | None = None
    number, fruitless = 1, 0
    while True:
        page = ask(number)
        if isinstance(page, Failure):
            if len(found) == total:
                break  # past the end, though the pages before said that there is another
            is_shift = number > 1 and page.reason in _BEYOND_THE_END
            return _Incomplete("the list became shorter while it was read") if is_shift else page
        if total is not None and page.total != total:
            return _Incomplete("the list changed while it was read")
        total, before = page.total, len(found)
        found |= {instance.identity: instance for instance in page.instances}
        fruitless = 0 if len(found) > before else fruitless + 1
        patience = 1 if len(found) < total else 0
        if _is_last(page, number) or len(found) > total or fruitless > patience:
            break
        number += 1
    if len(found) != total:
        return _Incomplete(f"the list is not complete: it has {len(found)} instances and says {total}")
    return tuple(found.values())


def _is_last(page: ListPage, number: int) -> bool:
    return page.pages is not None and number >= page.pages
