"""Our texts, numbers and moments, written out in one language. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Final

from exporter.model.poll_result import Failure
from exporter.web.status_page.sanitize import shortened
from exporter.web.status_page.texts import Texts

_PARTS: Final = re.compile(r"`(?P<code>[^`]+)`|(?P<whole>Z-API)|\{(?P<hole>\w+)\}")
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


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence that is set in its own way.

    ``kind`` is ``code`` for what is typed, ``bdi`` for a foreign text, which may run in another direction, and
    ``whole`` for a name that is not broken at its hyphen.
    """

    kind: str
    text: str


Sentence = tuple[str | Piece | Moment, ...]
"""The parts of a sentence, in order; the templates set them as HTML."""


@dataclass(frozen=True, slots=True)
class Note:
    """A problem in words. ``detail`` is empty if there is none; ``detail_tag`` is its language if not the page's."""

    level: str
    sentence: Sentence
    detail: str
    detail_tag: str
    remedy: Sentence


def sentence(text: str, **parts: str | Moment | Sentence) -> Sentence:
    """Return one of our texts as a sentence, filled in with ``parts``."""
    return tuple(_pieces(text, parts))


def _pieces(text: str, parts: Mapping[str, str | Moment | Sentence]) -> Iterator[str | Piece | Moment]:
    end = 0
    for match in _PARTS.finditer(text):
        yield text[end : match.start()]
        end = match.end()
        if match["hole"]:
            part = parts[match["hole"]]
            yield from part if isinstance(part, tuple) else (part,)
        else:
            yield Piece(str(match.lastgroup), match[str(match.lastgroup)])
    yield text[end:]


def foreign(text: str) -> Sentence:
    """Return a text that others wrote, shortened."""
    return (Piece("bdi", shortened(text)),)


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


def moment_from_now(unix: float, now: float, texts: Texts) -> Moment:
    """Write a moment as the duration until it, or since it."""
    words, away = texts.words["ahead" if unix > now else "ago"], abs(unix - now)
    return moment(unix, words.format(duration=duration(away, texts)), texts)


def day(unix: float, texts: Texts) -> Moment:
    text = datetime.fromtimestamp(int(unix), timezone.utc).strftime(texts.numbers["day"])
    return replace(moment(unix, text, texts), shows="day")


def failure_note(level: str, failure: Failure, texts: Texts) -> Note:
    """Return why an instance cannot be polled, and what to do."""
    advice = texts.reasons[failure.reason]
    detail, tag = detail_words(failure, texts)
    return Note(level, sentence(advice.sentence), detail, tag, sentence(advice.remedy))


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
