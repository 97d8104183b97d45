"""The words and numbers of the report, in each language that has a file in ``locales``."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

UNKNOWN: Final = "\N{EN DASH}"
LANGUAGES: Final = ("en", "pt-BR")
"""The tags of all languages, in the order in which the page offers them."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A language: its BCP 47 ``tag``, its decimal point, the months, and words by what they are for."""

    tag: str
    point: str
    months: Sequence[str]
    words: Mapping[str, str]

    def percent(self, share: float | None) -> str:
        """Return a share in percent, never rounded up: 99.999 % does not show as 100 %."""
        if share is None:
            return UNKNOWN
        return f"{math.floor(share * 10_000 + 1e-6) / 100:.2f}".replace(".", self.point) + " %"

    def month(self, year: int, number: int) -> str:
        return self.words["month"].format(month=self.months[number - 1], year=year)


def read_texts(tag: str) -> Texts:
    """Return the texts of one of :data:`LANGUAGES`."""
    file = resources.files("exporter.report").joinpath(f"locales/{tag}.json")
    return Texts(tag, **json.loads(file.read_text(encoding="utf-8")))


def duration(seconds: float | None) -> str:
    """Two units at most, rounded to minutes; the same in all languages."""
    if seconds is None:
        return UNKNOWN
    minutes = round(seconds / 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
