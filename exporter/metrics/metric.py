"""A metric and its samples as values."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from prometheus_client.utils import floatToGoString

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]
"""A sample's own labels, beside those of its instance, and its value."""

go_number: Callable[[float], str] = floatToGoString


class MetricType(str, Enum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. ``name`` is the full name, with ``_total`` for a counter.

    ``absent`` says when there is no series; ``query`` is an example query.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: MetricType = MetricType.GAUGE
    absent: str = "never"
    query: str = ""
