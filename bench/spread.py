"""Repeated measurements of one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of repeated measurements, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Raises :class:`ValueError` without a value."""
        return cls(median(values), min(values), max(values))

    def written(self, digits: int) -> str:
        """Return it as tables have it, with so many digits after the point."""
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} … {self.high:.{digits}f})"

    @classmethod
    def of_ratios(cls, ours: Sequence[float], theirs: Sequence[float]) -> "Spread":
        """The ratios of pairs that were measured next to each other."""
        return cls.of([one / other for one, other in zip(ours, theirs, strict=True)])
