"""The tree of a YAML document: every value with its line, and scalars as they were written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TEXT: Final = "text"
NULL: Final = "null"
UNUSABLE: Final = "unusable"
"""The kind of a value that was reported already, such as one whose variable is not set."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written, with its variables expanded. ``kind`` is what YAML reads it as, in words.

    ``has_variables`` says that at least a part of it came from the environment; ``has_bare_dollar`` that it begins
    with a ``$`` that was not written as ``$$``.
    """

    line: int
    text: str
    kind: str
    has_variables: bool = False
    has_bare_dollar: bool = False

    @property
    def is_text(self) -> bool:
        return self.kind == TEXT

    @property
    def is_null(self) -> bool:
        return self.kind == NULL


@dataclass(frozen=True, slots=True)
class ListNode:
    line: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class MapNode:
    """``lines`` has the line of each key."""

    line: int
    items: Mapping[str, "Node"]
    lines: Mapping[str, int]


Node = Scalar | ListNode | MapNode
