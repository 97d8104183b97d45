"""What of the page is asked for: it lives in the URL, so that it can be kept, sent and reloaded. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final
from urllib.parse import urlencode

from exporter.web.status_page.sanitize import visible

_MAX_SEARCH: Final = 200
_TERM: Final = re.compile(r'"([^"]+)"|(\S+)')
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


@dataclass(frozen=True, slots=True)
class Query:
    """The state of the page. ``page`` counts from 1; ``paused`` stops it from refreshing itself."""

    show: Show = Show.ALL
    search: str = ""
    page: int = 1
    paused: bool = False

    def terms(self) -> tuple[str, ...]:
        """What a row must contain, each ready to be compared; quotes keep words together."""
        return tuple(folded(quoted or word) for quoted, word in _TERM.findall(self.search))

    def shown(self, show: Show) -> "Query":
        return replace(self, show=show, page=1)

    def searched(self, search: str) -> "Query":
        return replace(self, search=search, page=1)

    def on_page(self, page: int) -> "Query":
        return replace(self, page=page)

    def with_paused(self, paused: bool) -> "Query":
        return replace(self, paused=paused)

    def link(self) -> str:
        """A URL relative to the page, so that it also holds behind a proxy that adds a prefix."""
        parameters = {}
        if self.show is not Show.ALL:
            parameters["show"] = self.show.value
        if self.search:
            parameters["q"] = self.search
        if self.page > 1:
            parameters["page"] = str(self.page)
        if self.paused:
            parameters["paused"] = "1"
        return f"?{urlencode(parameters, errors='replace')}" if parameters else "./"


def read_query(parameters: Mapping[str, str]) -> Query:
    """The query of a URL; what cannot be understood is left at its default."""
    page = parameters.get("page", "")
    return Query(
        show=_SHOWS.get(parameters.get("show", ""), Show.ALL),
        search=_tidied(parameters.get("q", "")),
        page=int(page) if _PAGE.fullmatch(page) else 1,
        paused=parameters.get("paused") == "1",
    )


def label_search(name: str, value: str) -> str:
    """The search that finds the instances with this label."""
    term = _tidied(f"{visible(name)}={visible(value)}").replace('"', " ")
    return f'"{term}"' if " " in term else term


def folded(text: str) -> str:
    """The text without regard to case and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _tidied(search: str) -> str:
    seen = "".join(character if character.isprintable() else " " for character in search[:_MAX_SEARCH])
    return " ".join(seen.split())


_SHOWS: Final[Mapping[str, Show]] = {show.value: show for show in Show}
