"""What the exporter counts of itself, kept by prometheus_client."""

import platform
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.metrics import catalogue
from exporter.metrics.catalogue import Metric
from exporter.model.poll_result import OPTIONAL_FIELDS, Failure, Reading, Reason

SUCCESS: Final = "success"
_DURATION_BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LATENESS_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Telemetry:
    """The exporter's own metrics, and the registry that holds them. Safe to use from many threads."""

    def __init__(self, dropped_lines: Callable[[], int] = lambda: 0) -> None:
        """``dropped_lines`` returns how many lines the log lacks so far."""
        self.registry = CollectorRegistry()
        self.registry.register(_DroppedLines(dropped_lines))
        build_info = self._gauge(catalogue.BUILD_INFO)
        build_info.labels(version=__version__, python_version=platform.python_version()).set(1)
        self._instances = self._gauge(catalogue.INSTANCES)
        self._polls = self._counter(catalogue.POLLS)
        self._outcomes = {
            outcome: self._polls.labels(outcome=outcome)
            for outcome in (SUCCESS, *(reason.value for reason in Reason))
        }
        self._in_flight = self._gauge(catalogue.POLLS_IN_FLIGHT)
        self._duration = self._histogram(catalogue.POLL_DURATION, _DURATION_BUCKETS)
        self._lateness = self._histogram(catalogue.POLL_LATENESS, _LATENESS_BUCKETS)
        unreadable = self._counter(catalogue.UNREADABLE_FIELDS)
        self._unreadable = {field: unreadable.labels(field=field) for field in OPTIONAL_FIELDS}
        self._reload_successful = self._gauge(catalogue.RELOAD_SUCCESSFUL)
        self._reload_timestamp = self._gauge(catalogue.RELOAD_TIMESTAMP)

    def describe_process(self) -> None:
        """Also expose ``process_*`` and ``python_*``, which make sense only of a process that stays."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def began(self, lateness: float | None) -> None:
        """A poll began, ``lateness`` seconds after it was due."""
        self._in_flight.inc()
        if lateness is not None:
            self._lateness.observe(lateness)

    def ended(self, reading: Reading, duration: float) -> None:
        """A poll that took ``duration`` seconds ended."""
        self._in_flight.dec()
        self._duration.observe(duration)
        if isinstance(reading, Failure):
            self._outcomes[reading.reason.value].inc()
            return
        self._outcomes[SUCCESS].inc()
        for field in reading.unreadable:
            self._unreadable[field].inc()

    def reloaded(self, instances: int, now: float) -> None:
        """A configuration of that many instances was loaded at ``now``, in unix seconds."""
        self._instances.set(instances)
        self._reload_successful.set(1)
        self._reload_timestamp.set(now)

    def reload_failed(self) -> None:
        self._reload_successful.set(0)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _histogram(self, metric: Metric, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, buckets=buckets, registry=self.registry)


class _DroppedLines(Collector):
    def __init__(self, dropped_lines: Callable[[], int]) -> None:
        self._dropped_lines = dropped_lines

    def collect(self) -> Iterable[CounterMetricFamily]:
        metric = catalogue.LOG_LINES_DROPPED
        yield CounterMetricFamily(metric.name, metric.help, value=self._dropped_lines())
