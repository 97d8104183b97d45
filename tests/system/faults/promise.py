"""What the contract promises of one fault, and what was seen of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exporter.model.poll_result import Reason

SUCCESS: Final = "success"

Tell = Callable[[str], None]
"""Hears, in words, what a suite is doing."""


@dataclass(frozen=True, slots=True)
class Promise:
    """How a poll ends. ``reason`` is ``None`` for a poll that succeeds all the same.

    ``absent`` are the series of the instance that then must not be there, because their value was not read, and
    ``present`` those that must be there beside what a healthy instance has. Both are written as in an exposition,
    without the label ``name``.
    """

    reason: Reason | None = None
    absent: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()

    @property
    def outcome(self) -> str:
        return SUCCESS if self.reason is None else self.reason.value


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report. ``complaints`` say what differs from the promise; none of them holds a secret."""

    name: str
    promised: str
    seen: str
    complaints: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.complaints

    def __str__(self) -> str:
        verdict = "ok   " if self.ok else "WRONG"
        line = f"{verdict} {self.name}: promised {self.promised}, seen {self.seen}"
        return "\n".join((line, *(f"      {complaint}" for complaint in self.complaints)))


def ended(name: str, promised: int, *statuses: int) -> Result:
    complaints = tuple(f"status {status}" for status in statuses if status != promised)
    return Result(
        name, f"status {promised}", f"status {' and '.join(map(str, sorted(set(statuses))))}", complaints
    )
