"""What the exporter counts of itself: polls, sources of instances, reloads."""

import platform
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector as MetricCollector

from exporter import __version__
from exporter.metrics import catalogue
from exporter.metrics.catalogue import Metric
from exporter.metrics.text_format import go_number
from exporter.model.me_fields import OPTIONAL_FIELDS
from exporter.model.poll_result import Collected, Collector, Failure, Reading, Reason
from exporter.model.settings import ACCOUNT_PREFIX, CONFIG_SOURCE, Config, InstanceSource

SUCCESS: Final = "success"
_DURATION_BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LATENESS_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class PollCounters(MetricCollector):
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

    def collect(self) -> Iterable[MetricFamily]:
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

    def family(self, metric: Metric) -> HistogramMetricFamily:
        bounds = [go_number(bound) for bound in (*self._bounds, float("inf"))]
        counts = map(float, accumulate(self._counts))
        family = HistogramMetricFamily(metric.name, metric.help)
        family.add_metric([], list(zip(bounds, counts, strict=True)), self._sum)
        return family


def _counter(metric: Metric, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for label, count in counts.items():
        family.add_metric([label], count)
    return family


@dataclass(frozen=True, slots=True)
class _SourceState:
    """``is_up`` is ``None`` if the source has not been read yet."""

    is_up: bool | None
    instances: int
    last_success: float | None
    skipped: int | None = None


class SourceMetrics(MetricCollector):
    """Exposes what the last reading of each source was like. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, _SourceState] = {}

    def loaded(self, sources: Sequence[InstanceSource], now: float) -> None:
        """Note the sources of a configuration that was loaded at ``now``, in unix seconds."""
        with self._lock:
            self._states = {source.name: self._state(source, now) for source in sources}

    def listed(self, sources: Sequence[InstanceSource]) -> None:
        """Note the accounts among the sources; the others were not read again."""
        accounts = {source.name: _account_state(source) for source in sources if _is_account(source)}
        with self._lock:
            self._states = {**self._states, **accounts}

    def config_failed(self) -> None:
        """Record that the configuration itself could not be loaded; no other source was read."""
        with self._lock:
            config = self._states.get(CONFIG_SOURCE)
            if config is not None:
                self._states[CONFIG_SOURCE] = replace(config, is_up=False)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._lock:
            states = tuple(self._states.items())
        families = tuple(
            map(
                _family,
                (
                    catalogue.SOURCE_UP,
                    catalogue.SOURCE_INSTANCES,
                    catalogue.SOURCE_LAST_SUCCESS,
                    catalogue.SOURCE_SKIPPED,
                ),
            )
        )
        for name, state in states:
            values = (state.is_up, state.instances, state.last_success, state.skipped)
            for family, value in zip(families, values, strict=True):
                if value is not None:
                    family.add_metric([name], value)
        return families

    def _state(self, source: InstanceSource, now: float) -> _SourceState:
        if _is_account(source):
            return _account_state(source)
        if not source.problems:
            return _SourceState(True, len(source.instances), now)
        before = self._states.get(source.name)
        return _SourceState(False, len(source.instances), None if before is None else before.last_success)


def _is_account(source: InstanceSource) -> bool:
    return source.name.startswith(ACCOUNT_PREFIX)


def _account_state(source: InstanceSource) -> _SourceState:
    is_up = not source.problems if source.is_read else None
    return _SourceState(is_up, len(source.instances), source.last_success, source.skipped)


def _family(metric: Metric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)


class Telemetry:
    """The exporter's own metrics, and the registry that holds them. Safe to use from many threads."""

    def __init__(self, dropped_lines: Callable[[], int] = lambda: 0) -> None:
        """``dropped_lines`` returns how many lines the log lacks so far."""
        self.registry = CollectorRegistry()
        self.registry.register(_DroppedLines(dropped_lines))
        build_info = self._gauge(catalogue.BUILD_INFO)
        build_info.labels(version=__version__, python_version=platform.python_version()).set(1)
        self._instances = self._gauge(catalogue.INSTANCES)
        self._sources = SourceMetrics()
        self.registry.register(self._sources)
        self._polls = PollCounters()
        self.registry.register(self._polls)
        self.began = self._polls.began
        self.ended = self._polls.ended
        self._collector_polls = Counter(
            catalogue.COLLECTOR_POLLS.name,
            catalogue.COLLECTOR_POLLS.help,
            catalogue.COLLECTOR_POLLS.labels,
            registry=self.registry,
        )
        self._reload_successful = self._gauge(catalogue.RELOAD_SUCCESSFUL)
        self._reload_timestamp = self._gauge(catalogue.RELOAD_TIMESTAMP)

    def describe_process(self) -> None:
        """Also expose ``process_*`` and ``python_*``, which make sense only of a process that stays."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def collected(self, collector: Collector, collected: Collected) -> None:
        """Count the requests of a collector that ended."""
        outcome = collected.reason.value if isinstance(collected, Failure) else SUCCESS
        self._collector_polls.labels(collector=collector.value, outcome=outcome).inc()

    def reloaded(self, config: Config, now: float) -> None:
        """Note that a configuration was loaded at ``now``, in unix seconds."""
        self._instances.set(len(config.instances))
        self._sources.loaded(config.sources or (InstanceSource(CONFIG_SOURCE, config.instances),), now)
        self._reload_successful.set(1)
        self._reload_timestamp.set(now)

    def listed(self, config: Config) -> None:
        """Note that the list of an account was read; ``config`` has its instances."""
        self._instances.set(len(config.instances))
        self._sources.listed(config.sources)

    def reload_failed(self) -> None:
        self._reload_successful.set(0)
        self._sources.config_failed()

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)


class _DroppedLines(MetricCollector):
    def __init__(self, dropped_lines: Callable[[], int]) -> None:
        self._dropped_lines = dropped_lines

    def collect(self) -> Iterable[CounterMetricFamily]:
        metric = catalogue.LOG_LINES_DROPPED
        yield CounterMetricFamily(metric.name, metric.help, value=self._dropped_lines())
