"""The report as one self-contained HTML page: it needs no network and no script.

It has the words of every language that has a file in ``locales``.
"""

import datetime as dt
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from exporter import __version__
from exporter.report.figures import Figures, Report
from exporter.report.period import Month

UNKNOWN: Final = "\N{EN DASH}"
LANGUAGES: Final = ("en", "pt-BR")
"""The tags of all languages, in the order in which the page offers them."""

_MAX_NAMES: Final = 50


@dataclass(frozen=True, slots=True)
class Language:
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


def read_language(tag: str) -> Language:
    """Return the texts of one of :data:`LANGUAGES`."""
    file = resources.files("exporter.report").joinpath(f"locales/{tag}.json")
    return Language(tag, **json.loads(file.read_text(encoding="utf-8")))


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


def write_page(report: Report, month: Month, group_by: str, language: str, now: float) -> bytes:
    """Return the page in both languages; it opens in ``language``."""
    environment = Environment(
        loader=PackageLoader("exporter.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    languages = {tag: read_language(tag) for tag in LANGUAGES}
    names, more = _names([row for row in report.numbers if not row.total.known])
    made = dt.datetime.fromtimestamp(now, month.zone).strftime("%Y-%m-%d %H:%M")
    blind = duration(report.all.total.blind)

    def of(key: str, **values: object) -> Callable[[Language], str]:
        return lambda texts: texts.words[key].format(**values)

    def unknown_names(texts: Language) -> str:
        rest = f" {texts.words['more'].format(count=more)}" if more else ""
        return texts.words["never"].format(names=names + rest)

    return (
        environment.get_template("report.html.j2")
        .render(
            _blind=of("blind_total", duration=blind),
            _by=of("by", label=group_by),
            _month=lambda texts: texts.month(month.year, month.number),
            _never=unknown_names,
            _percent=lambda share: lambda texts: texts.percent(share),
            _recorded=of("recorded", recorded=report.recorded, hours=report.hours),
            _source=of("source", zone=month.zone.key, version=__version__, now=made),
            _word=of,
            day_bars=lambda row: [day.parts() for day in row.days],
            duration=duration,
            first=language,
            group_by=group_by,
            is_running=report.days[-1].end < month.end,
            languages=languages.values(),
            languages_by_tag=languages,
            month=month,
            never=(names, more),
            report=report,
            warnings=[of("warned", warning=warning) for warning in report.warnings],
        )
        .encode()
    )


def _names(rows: Sequence[Figures]) -> tuple[str, int]:
    """Return the first names, and how many more there are."""
    return ", ".join(row.name for row in rows[:_MAX_NAMES]), max(0, len(rows) - _MAX_NAMES)
