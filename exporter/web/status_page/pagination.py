"""Diagnoses and a query → what one screen shows. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from operator import attrgetter
from typing import Final

from exporter.web.status_page.diagnosis import Diagnosis, Level
from exporter.web.status_page.query import Query, Show

PAGE_SIZE: Final = 50
"""Rows on one page."""

_worst_first = attrgetter("order")
_filters = attrgetter("shows")


@dataclass(frozen=True, slots=True)
class Listing:
    """One screen.

    ``total`` and ``in_trouble`` are of the whole fleet, and so is ``level``. ``counts`` says for each filter
    how many rows it gives under the present search. ``matching`` is how many the present filter gives, of which
    ``diagnoses`` are those on page ``page`` of ``pages``, from number ``first`` on.
    """

    total: int
    in_trouble: int
    level: Level
    counts: Mapping[Show, int]
    matching: int
    page: int
    pages: int
    first: int
    diagnoses: tuple[Diagnosis, ...]


def list_instances(fleet: Sequence[Diagnosis], query: Query) -> Listing:
    terms = query.terms()
    found = [one for one in fleet if all(term in one.haystack for term in terms)] if terms else fleet
    alike = _alike(found)
    wanted = {shows for shows in alike if query.show in shows}
    shown = [one for one in found if one.shows in wanted]
    pages = max(1, -(-len(shown) // PAGE_SIZE))
    page = min(query.page, pages)
    start = (page - 1) * PAGE_SIZE
    whole = _counts(_alike(fleet) if terms else alike)
    return Listing(
        total=len(fleet),
        in_trouble=whole[Show.PROBLEMS],
        level=min(fleet, key=_worst_first).level if fleet else Level.GOOD,
        counts=_counts(alike) if terms else whole,
        matching=len(shown),
        page=page,
        pages=pages,
        first=start + 1 if shown else 0,
        diagnoses=tuple(nsmallest(start + PAGE_SIZE, shown, key=_worst_first)[start:]),
    )


def _alike(diagnoses: Iterable[Diagnosis]) -> Counter[frozenset[Show]]:
    """How many are shown by the same filters: of ten thousand there are only a few kinds."""
    return Counter(map(_filters, diagnoses))


def _counts(alike: Counter[frozenset[Show]]) -> Mapping[Show, int]:
    return {show: sum(number for shows, number in alike.items() if show in shows) for show in Show}
