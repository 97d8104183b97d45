"""A metric and its samples, and how they are written: headers and lines, as prometheus_client writes both formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from prometheus_client.utils import floatToGoString

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]
"""A sample's own labels, beside those of its instance, and its value."""

go_number: Callable[[float], str] = floatToGoString
_COMMON_VALUES: Final = {0.0: "0.0", 1.0: "1.0"}


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


class Format(Enum):
    """An exposition format, with its media type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def header(metric: Metric, fmt: Format) -> bytes:
    """Return the ``HELP`` and ``TYPE`` lines of a family. No help text holds what would have to be escaped."""
    name = metric.name.removesuffix("_total") if fmt is Format.OPENMETRICS else metric.name
    return f"# HELP {name} {metric.help}\n# TYPE {name} {metric.type.value}\n".encode()


class LabelText:
    """The labels of one instance, ready to be joined by those of a sample: labels stand in order of name."""

    __slots__ = ("_around", "_pairs", "alone")

    def __init__(self, name: str, labels: Mapping[str, str]) -> None:
        self._pairs = sorted({**labels, "name": name}.items())
        self._around: dict[str, tuple[str, str]] = {}
        self.alone = "{" + ",".join(_pair(*pair) for pair in self._pairs) + "}"

    def with_labels(self, labels: Labels) -> str:
        """Return all labels, in braces."""
        if not labels:
            return self.alone
        if len(labels) == 1:
            ((label, value),) = labels
            before, after = self._around.get(label) or self._split(label)
            return f'{before}{label}="{escape(value)}"{after}'
        return "{" + ",".join(_pair(*pair) for pair in sorted([*self._pairs, *labels])) + "}"

    def _split(self, label: str) -> tuple[str, str]:
        before = "".join(_pair(*pair) + "," for pair in self._pairs if pair[0] < label)
        after = "".join("," + _pair(*pair) for pair in self._pairs if pair[0] > label)
        self._around[label] = around = ("{" + before, after + "}")
        return around


def sample_line(name: str, labels: LabelText, sample: Sample) -> str:
    own, value = sample
    return f"{name}{labels.with_labels(own)} {number(value)}\n"


@lru_cache(maxsize=64)  # several metrics of one poll have its time
def number(value: float) -> str:
    common = _COMMON_VALUES.get(value)
    if common is not None:
        return common
    return whole_number(int(value)) if value.is_integer() else go_number(value)


def whole_number(value: int) -> str:
    """Return what the library writes for a float of that value, in half of the time."""
    if not -1_000_000 < value < 10_000_000_000:
        return go_number(value)
    digits = str(value)
    if value < 1_000_000:
        return f"{digits}.0"
    mantissa = f"{digits[0]}.{digits[1:]}".rstrip("0.")
    return f"{mantissa}e+0{len(digits) - 1}"


def escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _pair(label: str, value: str) -> str:
    return f'{label}="{escape(value)}"'
