"""What is wrong with a configuration, and where."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MAX_KEY: Final = 40  # what is longer may be a secret that stands where a key belongs


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``path`` is the place in the document, such as ``instances[2].token``.

    ``line`` counts from 1. ``message`` says what is wrong and what to do, and repeats no value.
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
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def inside(path: str, step: str | int) -> str:
    """The path of a key or of a list item of what is at ``path``; that of the whole document is empty."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    key = step if len(step) <= _MAX_KEY else step[:_MAX_KEY] + "…"
    if not _PLAIN_KEY.fullmatch(step):
        key = json.dumps(key, ensure_ascii=not key.isprintable())
    return f"{path}.{key}" if path else key
