"""A listing in one language → what stands around the table. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from exporter.web.status_page.diagnosis import Level
from exporter.web.status_page.formatting import Moment, moment, number
from exporter.web.status_page.pagination import Listing
from exporter.web.status_page.query import Query, Show
from exporter.web.status_page.texts import Texts

_LEVELS: Final = {
    Show.ALL: "all",
    Show.PROBLEMS: Level.WARNING.value,
    Show.DISCONNECTED: Level.BAD.value,
    Show.UNREACHABLE: Level.BAD.value,
    Show.EXPIRING: Level.WARNING.value,
    Show.UNPAID: Level.WARNING.value,
    Show.WEBHOOKS: Level.WARNING.value,
    Show.CONNECTED: Level.GOOD.value,
    Show.WAITING: Level.WAITING.value,
}

_ICON_SHAPES: Final = {
    Level.BAD: ("#c8321f", '<path d="M5 5l6 6m0-6l-6 6"/>'),
    Level.WARNING: ("#b26a00", '<path d="M8 4v5m0 2.4v.2"/>'),
    Level.WAITING: ("#66758a", '<path d="M5 8h.1m2.9 0h.1m2.9 0h.1"/>'),
    Level.GOOD: ("#1a7f4b", '<path d="M4.5 8.5l2.5 2.5 4.5-5.5"/>'),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One count, which is also a link. ``quiet`` where there is nothing to see."""

    name: str
    count: str
    link: str
    level: str
    chosen: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything but the rows. A link is empty where it would lead nowhere."""

    title: str
    icon: str
    headline: str
    level: str
    updated: Moment
    filters: tuple[Filter, ...]
    matching: str
    page: str
    previous: str
    next: str
    everything: str
    unsearched: str
    refresh_switch: str
    refresh_target: str


def write_screen(listing: Listing, texts: Texts, query: Query, now: float) -> Screen:
    controls, numbers = texts.controls, texts.numbers
    return Screen(
        title=texts.headlines.title.format(n=number(listing.in_trouble, numbers)),
        icon=_icon(listing.level),
        headline=_headline(listing, texts),
        level=listing.level.value,
        updated=_now(texts, now),
        filters=tuple(_filters(listing, texts, query)),
        matching=_matching(listing, texts),
        page=controls.page.format(n=number(listing.page, numbers), total=number(listing.pages, numbers))
        if listing.pages > 1
        else "",
        previous=query.on_page(listing.page - 1).link() if listing.page > 1 else "",
        next=query.on_page(listing.page + 1).link() if listing.page < listing.pages else "",
        everything=Query(paused=query.paused).link(),
        unsearched=query.searched("").link(),
        refresh_switch=query.with_paused(not query.paused).link(),
        refresh_target=query.link(),
    )


def _headline(listing: Listing, texts: Texts) -> str:
    headlines, numbers = texts.headlines, texts.numbers
    total = number(listing.total, numbers)
    if not listing.total:
        return headlines.none
    if listing.in_trouble:
        in_trouble = number(listing.in_trouble, numbers)
        return headlines.trouble.of(listing.in_trouble, in_trouble, total=total)
    if listing.level is Level.WAITING:
        return headlines.waiting
    return headlines.good.of(listing.total, total)


def _filters(listing: Listing, texts: Texts, query: Query) -> Iterator[Filter]:
    for show in Show:
        count, chosen = listing.counts[show], query.show is show
        if show is Show.WAITING and not count and not chosen:
            continue
        yield Filter(
            name=texts.filters[show],
            count=number(count, texts.numbers),
            link=query.shown(show).link(),
            level=_LEVELS[show],
            chosen=chosen,
            quiet=not count,
        )


def _matching(listing: Listing, texts: Texts) -> str:
    if not listing.matching:
        return texts.controls.matching_none if listing.total else ""
    return texts.controls.matching.format(
        first=number(listing.first, texts.numbers),
        last=number(listing.first + len(listing.diagnoses) - 1, texts.numbers),
        total=number(listing.matching, texts.numbers),
    )


def _now(texts: Texts, now: float) -> Moment:
    exact = moment(now, "", texts.numbers)
    return Moment(exact.exact, exact.exact, exact.iso)


def _icon(level: Level) -> str:
    colour, shape = _ICON_SHAPES[level]
    stroke = 'fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    disc = f'<circle cx="8" cy="8" r="8" fill="{colour}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{disc}<g {stroke}>{shape}</g></svg>'
    return f"data:image/svg+xml,{quote(svg)}"
