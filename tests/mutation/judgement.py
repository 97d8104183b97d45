"""Which survivors were judged not to matter.

``judged.txt`` holds one line for each: the place, the mutant and why it does not matter, parted by `` | ``. The place
is ``package.module.Class.function``, the mutant ``line → changed line``: neither moves when lines shift. A ``*`` stands
for any text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("judged.txt")

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Mutant:
    """A small change: the lines before and after, without their indentation."""

    place: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.place} | {self.before} → {self.after}"

    @property
    def changes_words_only(self) -> bool:
        """Whether the letters of a sentence changed and no more.

        Sentences are for people and are judged by reading; those that other programs rely on hold no blank.
        """
        old, new = _STRING.findall(self.before), _STRING.findall(self.after)
        changed = [(was, now) for was, now in zip(old, new, strict=False) if was != now]
        return (
            len(old) == len(new)
            and _STRING.sub("", self.before) == _STRING.sub("", self.after)
            and all(" " in was and _letters(was) == _letters(now) for was, now in changed)
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A line of the list."""

    place: str
    mutant: str
    why: str

    def covers(self, mutant: Mutant) -> bool:
        return _fits(self.place, mutant.place) and _fits(self.mutant, f"{mutant.before} → {mutant.after}")


def read(file: Path = LIST) -> list[Judgement]:
    """Return the judgements of a list; raise :class:`ValueError` for a line that is none."""
    lines = (line for line in file.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    return [_judgement(line) for line in lines]


def unjudged(survivors: Iterable[Mutant], judgements: Iterable[Judgement]) -> list[Mutant]:
    """Return the survivors that no judgement covers, in order."""
    known = list(judgements)
    return [
        mutant
        for mutant in survivors
        if not mutant.changes_words_only and not any(judgement.covers(mutant) for judgement in known)
    ]


def _judgement(line: str) -> Judgement:
    place, _, rest = line.partition(" | ")
    mutant, _, why = rest.rpartition(" | ")
    if not (place and " → " in mutant and why):
        raise ValueError(f"expected 'place | line → changed line | why', found {line!r}")
    return Judgement(place, mutant, why)


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None


def _letters(text: str) -> str:
    return text.replace("XX", "").casefold()
