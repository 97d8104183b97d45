"""The forms in which the real API is known to write the values of ``/me``."""

import random
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum, auto

from exporter.demo.instances import Document
from exporter.model.me_fields import WEBHOOK_FIELDS


class DueForm(Enum):
    SECONDS = auto()
    MILLISECONDS = auto()
    STRING_OF_SECONDS = auto()
    STRING_OF_MILLISECONDS = auto()


class CreatedForm(Enum):
    ISO = auto()
    ISO_WITH_FRACTIONS = auto()
    SECONDS = auto()
    MILLISECONDS = auto()
    STRING_OF_MILLISECONDS = auto()
    EMPTY = auto()
    ABSENT = auto()


class UnsetForm(Enum):
    """How a webhook that is not set looks."""

    NULL = auto()
    EMPTY = auto()
    ABSENT = auto()


@dataclass(frozen=True, slots=True)
class Forms:
    """How an instance's ``/me`` writes its values: a ``change`` of a simulated instance."""

    due: DueForm = DueForm.MILLISECONDS
    created: CreatedForm = CreatedForm.ISO
    unset: UnsetForm = UnsetForm.NULL
    booleans_as_strings: bool = False

    def __call__(self, me: Document) -> Document:
        """Return the same ``/me`` in these forms."""
        kept = {name: value for name, value in me.items() if not self._is_absent(name, value)}
        return {name: self._written(name, value) for name, value in kept.items()}

    def _is_absent(self, name: str, value: object) -> bool:
        if name == "created":
            return self.created is CreatedForm.ABSENT
        return value is None and name in WEBHOOK_FIELDS.values() and self.unset is UnsetForm.ABSENT

    def _written(self, name: str, value: object) -> object:
        if name == "due":
            return _due(int(str(value)), self.due)
        if name == "created":
            return _created(datetime.fromisoformat(str(value).replace("Z", "+00:00")), self.created)
        if value is None and name in WEBHOOK_FIELDS.values():
            return "" if self.unset is UnsetForm.EMPTY else None
        return str(value).lower() if isinstance(value, bool) and self.booleans_as_strings else value


def random_forms(rng: random.Random) -> Forms:
    """Return any forms; few instances have booleans as strings."""
    return Forms(
        due=rng.choice(tuple(DueForm)),
        created=rng.choice(tuple(CreatedForm)),
        unset=rng.choice(tuple(UnsetForm)),
        booleans_as_strings=rng.random() < 0.2,
    )


def _due(milliseconds: int, form: DueForm) -> int | str:
    number = milliseconds // 1000 if form in (DueForm.SECONDS, DueForm.STRING_OF_SECONDS) else milliseconds
    return str(number) if form in (DueForm.STRING_OF_SECONDS, DueForm.STRING_OF_MILLISECONDS) else number


def _created(moment: datetime, form: CreatedForm) -> int | str:
    seconds = int(moment.timestamp())
    if form is CreatedForm.SECONDS:
        return seconds
    if form is CreatedForm.MILLISECONDS:
        return seconds * 1000
    if form is CreatedForm.STRING_OF_MILLISECONDS:
        return str(seconds * 1000)
    if form is CreatedForm.EMPTY:
        return ""
    precision = "milliseconds" if form is CreatedForm.ISO_WITH_FRACTIONS else "seconds"
    return moment.astimezone(timezone.utc).isoformat(timespec=precision).replace("+00:00", "Z")
