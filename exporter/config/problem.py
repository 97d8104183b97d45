"""What is wrong with a configuration, and where."""

import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Optional

MAX_PROBLEMS: Final = 1000
"""Most problems of one file that are listed; the others are counted."""

_PLAIN_KEY: Final = re.compile(r"[a-z_]{1,20}", re.ASCII)
_HIDDEN: Final = "<hidden>"


class Place(NamedTuple):
    """A key or the number of an item, and the place of what holds it: ``None`` is the whole document.

    Places are built for every value and written out for the few that are wrong.
    """

    parent: Optional["Place"]
    step: str | int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``path`` is the place in the document, such as ``instances[2].token``.

    ``line`` counts from 1. ``message`` says what is wrong, what to do, and which instance it is about; it contains no
    other value.
    """

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.message}"


class InvalidConfig(Exception):
    """The configuration cannot be used; ``problems`` is everything that is wrong with it, in line order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Collects the problems of one file.

    A key that is not in ``known_keys`` is shown only where it is short and of lower-case letters: a secret may stand
    where a key should.
    """

    def __init__(self, file: str, known_keys: Collection[str] = ()) -> None:
        self._file = file
        self._known_keys = known_keys
        self._listed: list[tuple[int, Place | None, str]] = []
        self._unlisted = 0
        self.last_line = sys.maxsize
        """Set once the text is read: the parser may report an error on the line after the last one."""
        self.instance_at: Callable[[Place], str] = lambda place: ""
        """Returns the instance or account at a place, if its name may be shown; set once the document is known."""
        self.unnamed: set[Place | None] = set()
        """The places of instances and accounts whose name turned out to hold a secret."""

    def __bool__(self) -> bool:
        return bool(self._listed)

    def report(self, line: int, place: Place | None, message: str | Callable[[], str]) -> None:
        """Add a problem. A ``message`` that is a function is called only if the problem will be listed."""
        if len(self._listed) >= MAX_PROBLEMS:
            self._unlisted += 1
            return
        text = message if isinstance(message, str) else message()
        self._listed.append((max(1, min(line, self.last_line)), place, text))

    def show(self, key: str) -> str:
        """Return the key, or a placeholder where it may be a secret."""
        return key if key in self._known_keys or _PLAIN_KEY.fullmatch(key) else _HIDDEN

    def error(self) -> InvalidConfig:
        """Return the exception that lists all problems."""
        listed = [
            Problem(self._file, line, self._written(place) or "document", f"{text}{self._instance(place)}")
            for line, place, text in sorted(self._listed, key=lambda one: one[0])
        ]
        if self._unlisted:
            more = f"{self._unlisted:,} more problems are not listed; correct these first"
            listed.append(Problem(self._file, listed[-1].line, "document", more))
        return InvalidConfig(listed)

    def _instance(self, place: Place | None) -> str:
        """Return what names the instance or account of which the place is a part, if that may be shown."""
        around = place
        while around is not None and around not in self.unnamed:
            around = around.parent
        name = "" if place is None or around is not None else self.instance_at(place)
        return f" ({name})" if name else ""

    def _written(self, place: Place | None) -> str:
        if place is None:
            return ""
        parent = self._written(place.parent)
        if isinstance(place.step, int):
            return f"{parent}[{place.step}]"
        key = self.show(place.step)
        return f"{parent}.{key}" if parent else key
