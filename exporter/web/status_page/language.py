"""The language a reader wants. Pure."""

import re
from typing import Final

from exporter.web.status_page.texts import Texts, read_texts

_FILES: Final = {"en": "en", "pt": "pt-BR", "*": "en"}
"""Primary subtag of a language range → the language that it gets."""

_RANGE: Final = re.compile(
    r"\s*(?P<tag>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(?P<weight>[01](?:\.\d{0,3})?)\s*)?",
    re.ASCII,
)


def texts_for(accept_language: str) -> Texts:
    """Return the texts in the language that an ``Accept-Language`` header prefers.

    Any Portuguese gets Brazilian Portuguese. English where both are liked the same and English comes first,
    and for every other language.
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
