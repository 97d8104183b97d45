"""Diagnoses and a query → what one screen shows. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from exporter.web.page.diagnosis import Diagnosis, Level
from exporter.web.page.query import Query, Show

PAGE_SIZE: Final = 100
"""Rows on one page."""

_worst_first = attrgetter("order")


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
    shown = [one for one in found if query.show in one.shows] if query.show is not Show.ALL else list(found)
    shown.sort(key=_worst_first)
    pages = max(1, -(-len(shown) // PAGE_SIZE))
    page = min(query.page, pages)
    start = (page - 1) * PAGE_SIZE
    whole = _counts(fleet)
    return Listing(
        total=len(fleet),
        in_trouble=whole[Show.PROBLEMS],
        level=_level(fleet),
        counts=_counts(found) if terms else whole,
        matching=len(shown),
        page=page,
        pages=pages,
        first=start + 1 if shown else 0,
        diagnoses=tuple(shown[start : start + PAGE_SIZE]),
    )


def _counts(diagnoses: Iterable[Diagnosis]) -> Mapping[Show, int]:
    alike = Counter(diagnosis.shows for diagnosis in diagnoses)
    return {show: sum(number for shows, number in alike.items() if show in shows) for show in Show}


def _level(fleet: Iterable[Diagnosis]) -> Level:
    """The worst of the fleet."""
    levels = {diagnosis.level for diagnosis in fleet}
    return next((level for level in Level if level in levels), Level.GOOD)
