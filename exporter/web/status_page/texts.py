"""What the page says in one language, the content of a file in ``locales``, and which language a reader wants.

In a text, ``{braces}`` are filled in and `backticks` set what is typed in a configuration.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

from exporter.model.poll_result import Reason
from exporter.web.status_page.diagnosis import Problem, WebhookState
from exporter.web.status_page.query import Show

K = TypeVar("K", bound=Enum)

_FILES: Final = {"en": "en", "pt": "pt-BR", "*": "en"}
"""Primary subtag of a language range → the language that it gets."""
_RANGE: Final = re.compile(
    r"\s*(?P<tag>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(?P<weight>[01](?:\.\d{0,3})?)\s*)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Plural:
    """A text for one and for any other number, with ``{n}`` for the number as it is written."""

    one: str
    many: str

    def of(self, number: int, written: str, **more: str) -> str:
        return (self.one if number == 1 else self.many).format(n=written, **more)


@dataclass(frozen=True, slots=True)
class Advice:
    """A problem in one sentence, and what to do about it."""

    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one language; ``tag`` is its BCP 47 tag.

    ``numbers`` are the separators of numbers, and the formats of dates for ``strftime``. ``details`` translates
    :attr:`~exporter.model.poll_result.Failure.detail`, with ``{n}`` for a number in it; one that is missing is shown in
    English, and marked so.
    """

    tag: str
    numbers: Mapping[str, str]
    plurals: Mapping[str, Plural]
    words: Mapping[str, str]
    filters: Mapping[Show, str]
    webhooks: Mapping[WebhookState, str]
    problems: Mapping[Problem, Advice]
    reasons: Mapping[Reason, Advice]
    details: Mapping[str, str]


@cache
def read_texts(tag: str) -> Texts:
    """Return the texts of a language that has a file: ``en`` or ``pt-BR``."""
    file = resources.files("exporter.web.status_page").joinpath(f"locales/{tag}.json")
    document: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return Texts(
        tag=tag,
        numbers=document["numbers"],
        plurals={key: Plural(**forms) for key, forms in document["plurals"].items()},
        words=document["words"],
        filters=_by_member(Show, document["filters"]),
        webhooks=_by_member(WebhookState, document["webhooks"]),
        problems=_by_member(Problem, _advice(document["problems"])),
        reasons=_by_member(Reason, _advice(document["reasons"])),
        details=document["details"],
    )


def _advice(texts: Mapping[str, Mapping[str, str]]) -> Mapping[str, Advice]:
    return {key: Advice(**parts) for key, parts in texts.items()}


def _by_member(kind: type[K], texts: Mapping[str, Any]) -> Mapping[K, Any]:
    """Return the texts by the members of an enumeration, whose names in lower case are the keys of the file."""
    return {kind[key.upper()]: text for key, text in texts.items()}


def texts_for(accept_language: str) -> Texts:
    """Return the texts in the language that an ``Accept-Language`` header prefers.

    Any Portuguese gets Brazilian Portuguese. Any other language gets English, and so does a tie in which English comes
    first.
    """
    best, best_weight = "en", 0.0
    for alternative in accept_language.split(","):
        match = _RANGE.fullmatch(alternative)
        if match is None:
            continue
        weight = min(1.0, float(match["weight"] or 1))
        tag = _FILES.get(match["tag"].partition("-")[0].lower())
        if tag is not None and weight > best_weight:
            best, best_weight = tag, weight
    return read_texts(best)
