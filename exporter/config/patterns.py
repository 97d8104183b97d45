"""A shell pattern → the files that it matches, and what kept others from being found.

:mod:`glob` takes a folder that cannot be listed for an empty one: its instances would be removed for a lost permission.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import filter as matching_names
from pathlib import Path
from typing import Final

_MAGIC: Final = re.compile(r"[*?[]")
_ABSENT: Final = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, slots=True)
class Matches:
    """The files that a pattern matches, sorted. With a ``problem``, there may be others."""

    files: tuple[Path, ...]
    problem: str | None = None


def find_matches(pattern: Path) -> Matches:
    """Return the files that a pattern matches. A hidden one matches only a name that begins with a dot."""
    places, problems = [Path(pattern.anchor)], list[str]()
    for part in pattern.relative_to(pattern.anchor).parts:
        find = _listed if _MAGIC.search(part) else _present
        places = [found for place in places for found in find(place, part, problems)]
    return Matches(tuple(sorted(places, key=str)), problems[0] if problems else None)


def _listed(folder: Path, part: str, problems: list[str]) -> Iterator[Path]:
    try:
        names = os.listdir(folder)
    except _ABSENT:
        return
    except OSError as error:
        problems.append(f"{folder} cannot be listed: {error.strerror}")
        return
    for name in matching_names(names, part):
        if not name.startswith(".") or part.startswith("."):
            yield folder / name


def _present(folder: Path, part: str, problems: list[str]) -> Iterator[Path]:
    place = folder / part
    try:
        place.lstat()
    except _ABSENT:
        return
    except OSError as error:
        problems.append(f"{place} cannot be looked for: {error.strerror}")
        return
    yield place
