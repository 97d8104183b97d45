"""A listing → the content around the table, in one language. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from exporter.model.poll_result import Failure, Reason
from exporter.model.settings import ACCOUNT_PREFIX, CONFIG_SOURCE, FILE_PREFIX, InstanceSource
from exporter.web.status_page.diagnosis import Level
from exporter.web.status_page.formatting import (
    Moment,
    Note,
    Sentence,
    detail_words,
    failure_note,
    foreign,
    moment,
    moment_from_now,
    number,
    sentence,
)
from exporter.web.status_page.query import Query, Show, Sort
from exporter.web.status_page.sanitize import shortened, visible
from exporter.web.status_page.selection import Listing
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

_COLUMNS: Final = {
    "instance": Sort.NAME,
    "state": Sort.STATE,
    "to-do": Sort.WORST,
    "due": Sort.DUE,
    "payment": Sort.PAYMENT,
    "webhooks": None,
    "last-poll": Sort.POLL,
}
"""Style class of each column → what it can be sorted by."""
_ICON_SHAPES: Final = {
    Level.BAD: ("#c8321f", '<path d="M5 5l6 6m0-6l-6 6"/>'),
    Level.WARNING: ("#b26a00", '<path d="M8 4v5m0 2.4v.2"/>'),
    Level.WAITING: ("#66758a", '<path d="M5 8h.1m2.9 0h.1m2.9 0h.1"/>'),
    Level.GOOD: ("#1a7f4b", '<path d="M4.5 8.5l2.5 2.5 4.5-5.5"/>'),
}
_MOST_MISSED: Final = 2
"""How many readings of a list may be missed before it is old."""
_PATIENCE: Final = 300.0
"""Seconds that a reading may take."""


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
class Link:
    """A text that leads somewhere; ``hint`` says where if the text does not."""

    text: str
    target: str
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """A cause shared by many instances, shown once. ``link`` leads to their rows if these are hidden."""

    note: Note
    counted: str
    link: str


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column: ``link`` sorts by it, and ``order`` says how it is sorted now, if it is."""

    style: str
    name: str
    link: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything but the rows. A link is empty where it would lead nowhere."""

    title: str
    icon: str
    headline: str
    level: str
    updated: Moment
    filters: tuple[Filter, ...]
    banners: tuple[Banner, ...]
    columns: tuple[Column, ...]
    labels: tuple[Link, ...]
    groupings: tuple[Link, ...]
    shown: str
    matching: str
    page: str
    previous: str
    next: str
    everything: str
    unsearched: str
    refresh_switch: str


def write_screen(listing: Listing, texts: Texts, query: Query, now: float) -> Screen:
    words = texts.words
    return Screen(
        title=words["title"].format(n=number(listing.in_trouble, texts)),
        icon=_icon(listing.level),
        headline=_headline(listing, texts),
        level=listing.level.value,
        updated=_now(texts, now),
        filters=tuple(_filters(listing, texts, query)),
        banners=tuple(_banners(listing, texts, query)),
        columns=tuple(_columns(texts, query)),
        labels=tuple(_labels(listing, texts, query)),
        groupings=tuple(_groupings(listing, texts, query)),
        shown=_shown(listing, texts, query),
        matching=_matching(listing, texts, query),
        page=words["page"].format(n=number(listing.page, texts), total=number(listing.pages, texts))
        if listing.pages > 1
        else "",
        previous=query.on_page(listing.page - 1).link() if listing.page > 1 else "",
        next=query.on_page(listing.page + 1).link() if listing.page < listing.pages else "",
        everything=Query(paused=query.paused).link(),
        unsearched=query.searched("").link(),
        refresh_switch=query.with_paused(not query.paused).link(),
    )


def _headline(listing: Listing, texts: Texts) -> str:
    words = texts.words
    total = number(listing.matching, texts)
    if not listing.configured:
        return words["no_instances"]
    if not listing.matching:
        return words["matching_none"].removesuffix(".")
    if listing.in_trouble:
        in_trouble = number(listing.in_trouble, texts)
        return texts.plurals["need_attention"].of(listing.in_trouble, in_trouble, total=total)
    if listing.level is Level.WAITING:
        return words["waiting_for_first_polls"]
    return texts.plurals["all_fine"].of(listing.matching, total)


def _filters(listing: Listing, texts: Texts, query: Query) -> Iterator[Filter]:
    for show in Show:
        count, chosen = listing.counts[show], query.show is show
        if show is Show.WAITING and not count and not chosen:
            continue
        yield Filter(
            name=texts.filters[show],
            count=number(count, texts),
            link=query.shown(show).link(),
            level=_LEVELS[show],
            chosen=chosen,
            quiet=not count,
        )


def _banners(listing: Listing, texts: Texts, query: Query) -> Iterator[Banner]:
    total = number(listing.matching, texts)
    for cause in listing.causes:
        yield Banner(
            note=failure_note(cause.level.value, cause.failure, texts),
            counted=texts.words["shared_cause"].format(n=number(cause.count, texts), total=total),
            link=query.shown(Show.UNREACHABLE).link() if listing.folded else "",
        )


def _columns(texts: Texts, query: Query) -> Iterator[Column]:
    for style, sort in _COLUMNS.items():
        name = texts.words[style.replace("-", "_")]
        if sort is None:
            yield Column(style, name)
            continue
        order = ("descending" if query.descending else "ascending") if query.sort is sort else ""
        yield Column(style, name, query.sorted(sort).link(), order)


def _labels(listing: Listing, texts: Texts, query: Query) -> Iterator[Link]:
    """Yield a link for each label that rows must have; it leads to the page without that filter."""
    for name, value in listing.asked:
        hint = texts.words["without"].format(label=visible(name))
        yield Link(f"{shortened(name)}={shortened(value)}", query.labelled(name, None).link(), hint)


def _groupings(listing: Listing, texts: Texts, query: Query) -> Iterator[Link]:
    if query.by:
        yield Link(texts.words["ungroup"], query.grouped("").link())
    for label in listing.groupings:
        yield Link(shortened(label), query.grouped(label).link(), chosen=label == query.by)


def _shown(listing: Listing, texts: Texts, query: Query) -> str:
    """Return what a printed page says about its rows."""
    parts = [f"{shortened(name)}={shortened(value)}" for name, value in listing.asked]
    parts += [f"“{shortened(query.search)}”"] if query.search else []
    return f"{texts.words['shown']}: {' · '.join((texts.filters[query.show], *parts))}"


def _matching(listing: Listing, texts: Texts, query: Query) -> str:
    words = texts.words
    if not listing.matching:
        return words["matching_none"] if listing.configured else ""
    if not listing.rows:
        return ""
    worst_first = query.sort is Sort.WORST and not query.descending and not query.by
    return (words["matching"] if worst_first else words["matching_sorted"]).format(
        first=number(listing.first, texts),
        last=number(listing.first + len(listing.diagnoses) - 1, texts),
        total=number(listing.rows, texts),
    )


def _now(texts: Texts, now: float) -> Moment:
    exact = moment(now, "", texts)
    return Moment(exact.exact, exact.exact, exact.iso, "moment")


def _icon(level: Level) -> str:
    colour, shape = _ICON_SHAPES[level]
    stroke = 'fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    disc = f'<circle cx="8" cy="8" r="8" fill="{colour}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{disc}<g {stroke}>{shape}</g></svg>'
    return f"data:image/svg+xml,{quote(svg)}"


def source_notes(sources: Sequence[InstanceSource], texts: Texts, now: float) -> tuple[Note, ...]:
    """Return a note for each source that fails, is old, or lists instances that cannot be polled."""
    return tuple(note for source in sources for note in _notes(source, texts, now))


def origin(source: str, texts: Texts) -> Sentence:
    """Return where an instance comes from, in words."""
    words = texts.words
    if source.startswith(ACCOUNT_PREFIX):
        return sentence(words["from_account"], name=foreign(source.removeprefix(ACCOUNT_PREFIX)))
    if source.startswith(FILE_PREFIX):
        return sentence(words["from_file"], name=foreign(source.removeprefix(FILE_PREFIX)))
    return sentence(words["from_config"])


def has_several(sources: Sequence[InstanceSource]) -> bool:
    """Return whether any instance comes from somewhere else than the configuration."""
    return any(source.name != CONFIG_SOURCE for source in sources)


def _notes(source: InstanceSource, texts: Texts, now: float) -> Iterator[Note]:
    if source.name.startswith(FILE_PREFIX):
        yield from _file_notes(source, texts)
    elif source.name.startswith(ACCOUNT_PREFIX):
        yield from _account_notes(source, texts, now)


def _file_notes(source: InstanceSource, texts: Texts) -> Iterator[Note]:
    if not source.problems:
        return
    words = texts.words
    text = words["file_kept"] if source.instances else words["file_left_out"]
    name = foreign(source.name.removeprefix(FILE_PREFIX))
    tag = "" if texts.tag == "en" else "en"
    detail = shortened(source.problems[0])
    yield Note(Level.WARNING.value, sentence(text, name=name), detail, tag, sentence(words["file_remedy"]))


def _account_notes(source: InstanceSource, texts: Texts, now: float) -> Iterator[Note]:
    words = texts.words
    name = foreign(source.name.removeprefix(ACCOUNT_PREFIX))
    read, refresh = source.last_success, source.refresh or 0.0
    detail, tag = "", ""
    if source.problems:
        detail, tag = detail_words(Failure(Reason.INVALID_RESPONSE, source.problems[0]), texts)
    if source.problems and read is None:
        yield Note(
            Level.BAD.value,
            sentence(words["list_never_read"], name=name),
            detail,
            tag,
            sentence(words["list_remedy"]),
        )
    elif read is not None and (source.problems or now - read > _MOST_MISSED * refresh + _PATIENCE):
        counted = number(len(source.instances), texts)
        text = sentence(
            words["list_old"], name=name, n=counted, when=moment_from_now(min(read, now), now, texts)
        )
        yield Note(Level.WARNING.value, text, detail, tag, sentence(words["list_remedy"]))
    if source.skipped:
        counted = number(source.skipped, texts)
        text = sentence(words["without_token"], name=name, n=counted)
        yield Note(Level.WARNING.value, text, "", "", sentence(words["token_remedy"]))
