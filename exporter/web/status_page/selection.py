"""Diagnoses and a query → the instances that one screen shows, filtered, sorted and cut into pages. Pure.

A cause that many share, such as Z-API that is down, or one refused Client-Token, is one thing to know and to mend, not
one for each instance.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from exporter.model.poll_result import Failure, Reason
from exporter.web.status_page.diagnosis import Diagnosis, Level, Problem
from exporter.web.status_page.query import Query, Show, Sort
from exporter.web.status_page.sanitize import folded, visible

ROWS_PER_PAGE: Final = 50
"""Rows on one page."""

MAX_GROUPINGS: Final = 6
"""Most labels by which grouping is offered."""

FEWEST: Final = 3
"""Fewest instances for which a common cause is shown once, above the table."""
_SHARE: Final = 0.1
_OF_AN_ACCOUNT: Final = frozenset({Reason.UNAUTHORIZED, Reason.IP_NOT_ALLOWED})
_OF_AN_INSTANCE: Final = frozenset({Reason.NOT_FOUND, Reason.WRONG_INSTANCE, Reason.SUBSCRIPTION_ENDED})

_worst_first = attrgetter("order")
_filters = attrgetter("shows")

_KEYS: Final[Mapping[Sort, Callable[[Diagnosis], Any]]] = MappingProxyType(
    {
        Sort.NAME: lambda diagnosis: diagnosis.order[-1],
        Sort.STATE: lambda diagnosis: diagnosis.view.since,
        Sort.DUE: lambda diagnosis: diagnosis.view.status.due if diagnosis.view.status else None,
        Sort.PAYMENT: lambda diagnosis: diagnosis.view.payment_status,
        Sort.POLL: lambda diagnosis: diagnosis.view.last_poll,
    }
)
"""What rows are sorted by; those without come last."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why ``count`` instances cannot be polled. ``failure`` is the most usual one, ``level`` the worst."""

    failure: Failure
    count: int
    level: Level


@dataclass(frozen=True, slots=True)
class Listing:
    """The instances on one screen.

    ``configured`` is the number of all instances, ``asked`` the labels that every row must have. ``counts`` is the
    number of rows of each filter, under these labels and the search. ``matching`` is the number of rows of the chosen
    filter; ``in_trouble`` of them have a problem, and ``level`` is the worst level. ``causes`` are shared by many rows;
    the ``folded`` rows that they fully explain are left out, and ``rows`` remain. ``diagnoses`` are the rows on page
    ``page`` of ``pages``; the first has the number ``first``. ``common`` are the labels that all rows have,
    ``groupings`` the names of labels whose values differ, and ``group_sizes`` the number of rows for each value of the
    label that groups them.
    """

    configured: int
    asked: tuple[tuple[str, str], ...]
    in_trouble: int
    level: Level
    counts: Mapping[Show, int]
    matching: int
    causes: tuple[Cause, ...]
    folded: int
    page: int
    pages: int
    first: int
    diagnoses: tuple[Diagnosis, ...]
    common: frozenset[tuple[str, str]]
    groupings: tuple[str, ...]
    group_sizes: Mapping[str | None, int]

    @property
    def rows(self) -> int:
        return self.matching - self.folded


def list_instances(fleet: Sequence[Diagnosis], query: Query) -> Listing:
    asked = _labels_of(fleet, query)
    found = _found(fleet, query.terms(), asked)
    alike = Counter(map(_filters, found))  # ten thousand have only a few different sets of filters
    wanted = {shows for shows in alike if query.show in shows}
    shown = [one for one in found if one.shows in wanted]
    causes = () if query.search else shared_causes(shown)
    folds = causes and query.show in (Show.ALL, Show.PROBLEMS)
    rows = [one for one in shown if not is_told_by(causes, one)] if folds else shown
    pages = max(1, -(-len(rows) // ROWS_PER_PAGE))
    page = min(query.page, pages)
    start = (page - 1) * ROWS_PER_PAGE
    labels = Counter(label for one in rows for label in one.view.instance.labels.items())
    return Listing(
        configured=len(fleet),
        asked=asked,
        in_trouble=sum(bool(one.problems) for one in shown),
        level=_worst_level(shown, Level.WAITING if fleet and not found else Level.GOOD),
        counts=_counts(alike),
        matching=len(shown),
        causes=causes,
        folded=len(shown) - len(rows),
        page=page,
        pages=pages,
        first=start + 1 if rows else 0,
        diagnoses=tuple(_ordered(rows, query, start + ROWS_PER_PAGE)[start:]),
        common=frozenset(label for label, count in labels.items() if count == len(rows) > 1),
        groupings=tuple(_groupings(labels, len(rows))),
        group_sizes=Counter(one.view.instance.labels.get(query.by) for one in rows) if query.by else {},
    )


def _labels_of(fleet: Sequence[Diagnosis], query: Query) -> tuple[tuple[str, str], ...]:
    """Return the labels of the query, without those that no instance has."""
    known = {name for one in fleet for name in one.view.instance.labels} if query.labels else set()
    return tuple(label for label in query.labels if label[0] in known)


def _found(
    fleet: Sequence[Diagnosis], terms: Sequence[str], labels: Iterable[tuple[str, str]]
) -> Sequence[Diagnosis]:
    for name, value in labels:
        fleet = [one for one in fleet if _has_label(one, name, value)]
    return [one for one in fleet if all(term in one.haystack for term in terms)] if terms else fleet


def _worst_level(shown: Sequence[Diagnosis], of_none: Level) -> Level:
    return min(shown, key=_worst_first).level if shown else of_none


def _has_label(diagnosis: Diagnosis, name: str, value: str) -> bool:
    own = diagnosis.view.instance.labels.get(name)
    return own is not None and folded(visible(own)) == folded(visible(value))


def _ordered(shown: Sequence[Diagnosis], query: Query, most: int) -> Sequence[Diagnosis]:
    key = _KEYS.get(query.sort)
    if key is None and not query.by and not query.descending:
        return nsmallest(most, shown, key=_worst_first)  # of ten thousand, a few
    ordered = sorted(shown, key=_worst_first, reverse=key is None and query.descending)
    if key is not None:
        ordered = [one for one in ordered if key(one) is not None]
        ordered.sort(key=key, reverse=query.descending)
        ordered += [one for one in shown if key(one) is None]
    if query.by:
        ordered.sort(key=lambda one: _group_key(one, query.by))
    return ordered[:most]


def _group_key(diagnosis: Diagnosis, label: str) -> tuple[bool, str]:
    value = diagnosis.view.instance.labels.get(label)
    return value is None, folded(value or "")


def _groupings(labels: Mapping[tuple[str, str], int], shown: int) -> Iterable[str]:
    """Return the names of labels that split the rows into groups, but not into single rows."""
    values = Counter(name for name, _ in labels)
    holders = Counter[str]()
    for (name, _), count in labels.items():
        holders[name] += count
    names = (name for name in values if values[name] > 1 or holders[name] < shown)
    return sorted(name for name in names if values[name] < holders[name])[:MAX_GROUPINGS]


def _counts(alike: Counter[frozenset[Show]]) -> Mapping[Show, int]:
    return {show: sum(number for shows, number in alike.items() if show in shows) for show in Show}


def shared_causes(diagnoses: Sequence[Diagnosis]) -> tuple[Cause, ...]:
    """Return the causes of at least :data:`FEWEST` of the instances, the most frequent first.

    A cause that is not an account's must affect a tenth of them: a few timeouts among many have no common cause.
    """
    failing = [(failure, one) for one in diagnoses if (failure := _failure(one)) is not None]
    return tuple(_causes(failing, max(FEWEST, _SHARE * len(diagnoses))))


def is_told_by(causes: Sequence[Cause], diagnosis: Diagnosis) -> bool:
    """Return whether the causes explain everything that is wrong with the instance."""
    failure = _failure(diagnosis)
    if failure is None or diagnosis.problems != (Problem.UNREACHABLE,):
        return False
    return any(cause.failure.reason is failure.reason for cause in causes)


def _causes(failing: Sequence[tuple[Failure, Diagnosis]], fewest: float) -> Iterator[Cause]:
    for reason, count in Counter(failure.reason for failure, _ in failing).most_common():
        if count < (FEWEST if reason in _OF_AN_ACCOUNT else fewest):
            continue
        same = [(failure, one) for failure, one in failing if failure.reason is reason]
        ((detail, _),) = Counter(failure.detail for failure, _ in same).most_common(1)
        levels = {one.level_of(Problem.UNREACHABLE) for _, one in same}
        yield Cause(Failure(reason, detail), count, Level.BAD if Level.BAD in levels else Level.WARNING)


def _failure(diagnosis: Diagnosis) -> Failure | None:
    failure = diagnosis.view.failure
    return None if failure is None or failure.reason in _OF_AN_INSTANCE else failure
