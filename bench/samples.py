"""Reading single values out of an exposition."""

import re
from collections.abc import Mapping


def value_of(text: str, series: str) -> float:
    """The value of one series, as it is written. Raises :class:`ValueError` where it is not there."""
    match = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    if match is None:
        raise ValueError(f"no series {series}")
    return float(match[1])


def buckets_of(text: str, histogram: str) -> Mapping[str, float]:
    """Upper bound → cumulative count."""
    return {
        bound: float(count)
        for bound, count in re.findall(rf'^{histogram}_bucket{{le="([^"]+)"}} (\S+)$', text, re.MULTILINE)
    }
