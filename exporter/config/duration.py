"""Prometheus durations: ``10s``, ``1m30s``, ``1h``."""

import re
from typing import Final

_DURATION: Final = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)
_SECONDS: Final = (365 * 86400.0, 7 * 86400.0, 86400.0, 3600.0, 60.0, 1.0, 0.001)


def parse_duration(text: str) -> float:
    """Seconds; raises :class:`ValueError` for anything that is no duration."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError("not a duration such as 10s, 1m30s or 1h")
    return sum(int(count) * unit for count, unit in zip(match.groups(), _SECONDS, strict=True) if count)
