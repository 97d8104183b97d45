"""The state of the page, which is kept in the URL so that it can be bookmarked, shared and reloaded. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final
from urllib.parse import urlencode

from exporter.web.status_page.sanitize import folded, visible

_MAX_SEARCH: Final = 200
_TERM: Final = re.compile(r'"([^"]+)"|(\S+)')
_MAX_LABELS: Final = 5
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_PAGE: Final = re.compile(r"[1-9]\d{0,5}", re.ASCII)


class Show(Enum):
    """Which instances; the values are those of ``show`` in the URL."""

    ALL = "all"
    PROBLEMS = "problems"
    DISCONNECTED = "disconnected"
    UNREACHABLE = "unreachable"
    EXPIRING = "expiring"
    UNPAID = "unpaid"
    WEBHOOKS = "webhooks"
    CONNECTED = "connected"
    WAITING = "waiting"


class Sort(Enum):
    """What rows are sorted by; the values are those of ``sort`` in the URL, where ``-`` before it reverses."""

    WORST = "worst"
    NAME = "name"
    STATE = "state"
    DUE = "due"
    PAYMENT = "payment"
    POLL = "poll"


@dataclass(frozen=True, slots=True)
class Query:
    """The state of the page.

    ``page`` counts from 1; ``paused`` stops it from refreshing itself. ``labels`` are those that a row must have,
    and ``by`` is the label that rows are grouped by, empty for none.
    """

    show: Show = Show.ALL
    search: str = ""
    page: int = 1
    paused: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    sort: Sort = Sort.WORST
    descending: bool = False
    by: str = ""

    @property
    def narrows(self) -> bool:
        """True if it leaves any instance out."""
        return self.show is not Show.ALL or bool(self.search or self.labels)

    def terms(self) -> tuple[str, ...]:
        """Return the terms that a row must contain, each folded; quotes keep words together."""
        return tuple(folded(quoted or word) for quoted, word in _TERM.findall(self.search))

    def shown(self, show: Show) -> "Query":
        return replace(self, show=show, page=1)

    def searched(self, search: str) -> "Query":
        return replace(self, search=search, page=1)

    def labelled(self, name: str, value: str | None) -> "Query":
        """Return the query that demands this label; ``None`` removes the demand."""
        others = tuple(label for label in self.labels if label[0] != name)
        return replace(self, labels=others if value is None else (*others, (name, value)), page=1)

    def sorted(self, sort: Sort) -> "Query":
        """Return the query sorted by ``sort``, or in reverse where it already is."""
        return replace(self, sort=sort, descending=self.sort is sort and not self.descending, page=1)

    def grouped(self, by: str) -> "Query":
        return replace(self, by=by, page=1)

    def on_page(self, page: int) -> "Query":
        return replace(self, page=page)

    def with_paused(self, paused: bool) -> "Query":
        return replace(self, paused=paused)

    def link(self) -> str:
        """Return a URL relative to the page, which also works behind a proxy that adds a prefix."""
        parameters = self._parameters()
        return f"?{urlencode(parameters, errors='replace')}" if parameters else "./"

    def hidden_fields(self) -> tuple[tuple[str, str], ...]:
        """Return the hidden fields of the search form: the rest of the query, without the page number."""
        return tuple(self.searched("")._parameters().items())

    def _parameters(self) -> dict[str, str]:
        parameters = dict(self.labels)
        if self.show is not Show.ALL:
            parameters["show"] = self.show.value
        if self.search:
            parameters["q"] = self.search
        if self.sort is not Sort.WORST or self.descending:
            parameters["sort"] = f"{'-' if self.descending else ''}{self.sort.value}"
        if self.by:
            parameters["by"] = self.by
        if self.page > 1:
            parameters["page"] = str(self.page)
        if self.paused:
            parameters["paused"] = "1"
        return parameters


def read_query(parameters: Mapping[str, str]) -> Query:
    """Read the query of a URL; an invalid parameter keeps its default."""
    page, sort, by = (parameters.get(key, "") for key in ("page", "sort", "by"))
    labels = [
        (key, _tidied(value)) for key, value in parameters.items() if can_be_asked_for(key) and _tidied(value)
    ]
    return Query(
        show=_SHOWS.get(parameters.get("show", ""), Show.ALL),
        search=_tidied(parameters.get("q", "")),
        page=int(page) if _PAGE.fullmatch(page) else 1,
        paused=parameters.get("paused") == "1",
        labels=tuple(labels[:_MAX_LABELS]),
        sort=_SORTS.get(sort.removeprefix("-"), Sort.WORST),
        descending=sort.startswith("-") and sort.removeprefix("-") in _SORTS,
        by=by if _LABEL.fullmatch(by) else "",
    )


def can_be_asked_for(label: str) -> bool:
    """Return whether a label can be a parameter of the URL: a valid name that the page does not use."""
    return label not in _OWN and _LABEL.fullmatch(label) is not None


def label_search(name: str, value: str) -> str:
    """Return the search that finds the instances with this label."""
    term = _tidied(f"{visible(name)}={visible(value)}")
    return " ".join(f'"{part}"' for part in term.split('"') if part.strip()) if " " in term else term


def _tidied(search: str) -> str:
    seen = "".join(character if character.isprintable() else " " for character in search[:_MAX_SEARCH])
    return " ".join(seen.split())


_OWN: Final = frozenset({"show", "q", "page", "paused", "sort", "by"})
_SORTS: Final[Mapping[str, Sort]] = {sort.value: sort for sort in Sort}
_SHOWS: Final[Mapping[str, Show]] = {show.value: show for show in Show}
