"""Our texts, numbers and moments, written out in one language. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Final

from markupsafe import Markup, escape

from exporter.model.poll_result import Failure
from exporter.web.status_page.sanitize import shortened
from exporter.web.status_page.texts import Texts

_TYPED: Final = re.compile(r"`([^`]+)`")
_NAME: Final = '<span class="whole">Z-API</span>'  # never broken at its hyphen
_HTTP_STATUS: Final = re.compile(r"(?<=HTTP )\d{3}")
_NUMBER: Final = re.compile(r"\d[\d,]*")
_HOLE: Final = re.compile(r"\{n\}")
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as a reader sees it: in short, exact, and for machines.

    ``shows`` is what the text is, for the script to say in local time: a ``moment``, a ``day`` or, where it is
    empty, how far away it is.
    """

    text: str
    exact: str
    iso: str
    shows: str = ""

    def __html__(self) -> Markup:
        tag = Markup('<time datetime="{}" title="{}" data-shows="{}">{}</time>')
        return tag.format(self.iso, self.exact, self.shows, self.text)


@dataclass(frozen=True, slots=True)
class Note:
    """A problem in words. ``detail`` is empty if there is none; ``detail_tag`` is its language if not the page's."""

    level: str
    sentence: Markup
    detail: str
    detail_tag: str
    remedy: Markup


def sentence(text: str, **parts: str | Markup | Moment) -> Markup:
    """Return one of our texts as HTML, filled in with ``parts``."""
    html = _TYPED.sub(r"<code>\1</code>", str(escape(text)))
    return Markup(html.replace("Z-API", _NAME)).format(**parts)


def isolated(text: str) -> Markup:
    """Return a foreign text as HTML that cannot change the text direction around it."""
    return Markup("<bdi>{}</bdi>").format(shortened(text))


def number(value: int, texts: Texts) -> str:
    return f"{value:,}".replace(",", texts.numbers["thousands"])


def duration(seconds: float, texts: Texts) -> str:
    """Write a duration in the largest fitting unit, rounded down."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        unit, size = texts.plurals["seconds"], 1
    elif whole < _HOUR:
        unit, size = texts.plurals["minutes"], _MINUTE
    elif whole < 2 * _DAY:
        unit, size = texts.plurals["hours"], _HOUR
    else:
        unit, size = texts.plurals["days"], _DAY
    count = whole // size
    return unit.of(count, number(count, texts))


def precise(seconds: float, texts: Texts) -> str:
    """Write a short duration: in milliseconds, or to the hundredth of a second from one second on."""
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    return f"{seconds:.2f} s".replace(".", texts.numbers["decimal"])


def moment(unix: float, text: str, texts: Texts) -> Moment:
    when = datetime.fromtimestamp(int(unix), timezone.utc)
    return Moment(text, when.strftime(texts.numbers["moment"]), when.strftime("%Y-%m-%dT%H:%M:%SZ"))


def day(unix: float, texts: Texts) -> Moment:
    text = datetime.fromtimestamp(int(unix), timezone.utc).strftime(texts.numbers["day"])
    return replace(moment(unix, text, texts), shows="day")


def detail_words(failure: Failure, texts: Texts) -> tuple[str, str]:
    """Return the detail and, where it is not in the language of the page, its own."""
    if texts.tag == "en":
        return shortened(failure.detail), ""
    for numbers in (_HTTP_STATUS, _NUMBER):
        translated = texts.details.get(numbers.sub("{n}", failure.detail))
        if translated is not None:
            return _filled(translated, numbers.findall(failure.detail)), ""
    return shortened(failure.detail), "en"


def _filled(text: str, values: Iterable[str]) -> str:
    """Return the text with one value after the other in place of each ``{n}``."""
    found = iter(values)
    return _HOLE.sub(lambda _: next(found), text)
