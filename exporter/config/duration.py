"""Durations as Prometheus writes them: ``30s``, ``1m30s``, ``1d``."""

import re
from typing import Final

_UNITS: Final = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
"""Each unit in milliseconds, the largest first."""

_PARTS: Final = "".join(rf"(?:([0-9]{{1,12}}){unit})?" for unit in _UNITS)
_DURATION: Final = re.compile(_PARTS, re.ASCII)

PATTERN: Final = "0|(?=[0-9])" + "".join(f"(?:[0-9]{{1,12}}{unit})?" for unit in _UNITS)
"""What :func:`parse_duration` takes, for a JSON Schema."""

MAX_SECONDS: Final = 292 * 365 * 86_400.0
"""The longest duration there is, as in Prometheus: 292 years."""


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as ``1h30m`` or ``0``, to the millisecond.

    Units must be in descending order, each at most once. Raise :class:`ValueError` for any other text, and for
    durations longer than 292 years.
    """
    if text == "0":
        return 0.0
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(
            "must be whole numbers with the units y, w, d, h, m, s and ms, in this order, such as 10s or 1m30s, "
            "without decimals or spaces"
        )
    milliseconds = sum(
        int(count) * size for count, size in zip(match.groups(), _UNITS.values(), strict=True) if count
    )
    if milliseconds > MAX_SECONDS * 1000:
        raise ValueError("is longer than 292 years")
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """Write ``seconds`` (0 or more) so that :func:`parse_duration` reads them back, to the millisecond."""
    rest = round(seconds * 1000)
    text = ""
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            text += f"{count}{unit}"
    return text or "0"
