"""What the list of an account says."""

from dataclasses import dataclass
from typing import Final

from exporter.model.secret import Secret

MAX_TEXT: Final = 200
"""Longest id, name and token of a listed instance, in characters."""


def is_word(text: str) -> bool:
    """Return whether a text can be an id or a token: not empty or too long, no space and no control character."""
    return 0 < len(text) <= MAX_TEXT and text.isprintable() and not any(map(str.isspace, text))


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """One instance of a list. ``token`` is ``None`` where it has none, ``name`` is empty where it cannot be read.

    ``created`` is unix seconds, ``None`` where it is not known.
    """

    id: str
    token: Secret | None
    name: str
    created: float | None = None

    @property
    def identity(self) -> str:
        """The id in one case, as ids are compared without regard to case."""
        return self.id.casefold()


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list that has ``total`` instances on ``pages`` pages, as the page says.

    ``pages`` is ``None`` where the page does not say it. Items without an id are left out.
    """

    total: int
    pages: int | None
    instances: tuple[ListedInstance, ...]


Listing = tuple[ListedInstance, ...]
"""A whole list; no two instances have the same id."""
