"""What the list of an account says."""

from dataclasses import dataclass

from exporter.model.secret import Secret


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
        """What tells it from others: ids are compared without regard to case."""
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
