"""What is counted of every poll: plain numbers under one lock, which cost a poll a fifth of prometheus_client's own."""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from exporter.metrics import catalogue
from exporter.metrics.text_format import go_number
from exporter.model.me_fields import OPTIONAL_FIELDS
from exporter.model.poll_result import Failure, Reading, Reason

SUCCESS: Final = "success"
_DURATION_BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LATENESS_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class PollCounters(Collector):
    """Counts polls, and collects what was counted. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_flight = 0
        self._outcomes = dict.fromkeys((SUCCESS, *(reason.value for reason in Reason)), 0)
        self._unreadable = dict.fromkeys(OPTIONAL_FIELDS, 0)
        self._durations = _Histogram(_DURATION_BUCKETS)
        self._latenesses = _Histogram(_LATENESS_BUCKETS)

    def began(self, lateness: float | None) -> None:
        """Count a poll that began ``lateness`` seconds after it was due."""
        with self._lock:
            self._in_flight += 1
            if lateness is not None:
                self._latenesses.observe(lateness)

    def ended(self, reading: Reading, duration: float) -> None:
        """Count a poll that took ``duration`` seconds."""
        with self._lock:
            self._in_flight -= 1
            self._durations.observe(duration)
            if isinstance(reading, Failure):
                self._outcomes[reading.reason.value] += 1
                return
            self._outcomes[SUCCESS] += 1
            for field in reading.unreadable:
                self._unreadable[field] += 1

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            return [
                _counter(catalogue.POLLS, self._outcomes),
                GaugeMetricFamily(
                    catalogue.POLLS_IN_FLIGHT.name, catalogue.POLLS_IN_FLIGHT.help, self._in_flight
                ),
                self._durations.family(catalogue.POLL_DURATION),
                self._latenesses.family(catalogue.POLL_LATENESS),
                _counter(catalogue.UNREADABLE_FIELDS, self._unreadable),
            ]


class _Histogram:
    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def family(self, metric: catalogue.Metric) -> HistogramMetricFamily:
        bounds = [go_number(bound) for bound in (*self._bounds, float("inf"))]
        counts = map(float, accumulate(self._counts))
        family = HistogramMetricFamily(metric.name, metric.help)
        family.add_metric([], list(zip(bounds, counts, strict=True)), self._sum)
        return family


def _counter(metric: catalogue.Metric, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for label, count in counts.items():
        family.add_metric([label], count)
    return family
