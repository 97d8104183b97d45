"""The metrics of the exporter itself, each with its name, help and labels: polls, sources of instances, reloads."""

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
from exporter.metrics.metric import Metric, MetricType, go_number
from exporter.model.me_fields import OPTIONAL_FIELDS
from exporter.model.poll_result import Collected, Collector, Failure, Reading, Reason
from exporter.model.settings import ACCOUNT_PREFIX, CONFIG_SOURCE, Config, InstanceSource

BUILD_INFO = Metric(
    "zapi_exporter_build_info",
    "The version of the exporter and of its Python; always 1.",
    ("version", "python_version"),
    query="count by (version) (zapi_exporter_build_info)",
)
INSTANCES = Metric(
    "zapi_exporter_instances",
    "Instances that are configured, after sharding.",
    query="sum(zapi_exporter_instances)",
)
SOURCE_UP = Metric(
    "zapi_exporter_instance_source_up",
    "Whether the last reading of a source of instances succeeded. The source is config, file: and a path, or "
    "account: and a name.",
    ("source",),
    absent="before the list of an account was first requested",
    query="zapi_exporter_instance_source_up == 0",
)
SOURCE_INSTANCES = Metric(
    "zapi_exporter_instance_source_instances",
    "Instances that the source had at its last good reading, before sharding. An instance in config or a file "
    "is not counted for an account; one in several accounts is counted for the first.",
    ("source",),
    query="sum by (source) (zapi_exporter_instance_source_instances)",
)
SOURCE_LAST_SUCCESS = Metric(
    "zapi_exporter_instance_source_last_success_timestamp_seconds",
    "Unix time of the last good reading of the source.",
    ("source",),
    absent="before the first good reading",
    query="time() - zapi_exporter_instance_source_last_success_timestamp_seconds",
)
SOURCE_SKIPPED = Metric(
    "zapi_exporter_instance_source_skipped_instances",
    "Instances that the list of an account has without a token, so that they cannot be polled.",
    ("source",),
    absent="for config and files",
    query="zapi_exporter_instance_source_skipped_instances > 0",
)
POLLS = Metric(
    "zapi_exporter_polls_total",
    "Polls that ended, by outcome: success, or the reason of the failure.",
    ("outcome",),
    type=MetricType.COUNTER,
    query='sum by (outcome) (rate(zapi_exporter_polls_total{outcome!="success"}[5m]))',
)
POLLS_IN_FLIGHT = Metric(
    "zapi_exporter_polls_in_flight",
    "Polls that are under way.",
    query="max_over_time(zapi_exporter_polls_in_flight[1h])",
)
POLL_DURATION = Metric(
    "zapi_exporter_poll_duration_seconds",
    "Duration of polls, name lookup to last byte.",
    type=MetricType.HISTOGRAM,
    query="histogram_quantile(0.99, sum by (le) (rate(zapi_exporter_poll_duration_seconds_bucket[5m])))",
)
POLL_LATENESS = Metric(
    "zapi_exporter_poll_lateness_seconds",
    "Delay between the due time and the start of a poll; without first polls and polls held back after a failure.",
    type=MetricType.HISTOGRAM,
    query="histogram_quantile(0.99, sum by (le) (rate(zapi_exporter_poll_lateness_seconds_bucket[5m])))",
)
COLLECTOR_POLLS = Metric(
    "zapi_exporter_collector_polls_total",
    "Requests of collectors that ended, by outcome: success, or the reason of the failure.",
    ("collector", "outcome"),
    type=MetricType.COUNTER,
    query='sum by (collector, outcome) (rate(zapi_exporter_collector_polls_total{outcome!="success"}[5m]))',
)
UNREADABLE_FIELDS = Metric(
    "zapi_exporter_unreadable_fields_total",
    "Optional fields of /me with a value that the exporter could not read.",
    ("field",),
    type=MetricType.COUNTER,
    query="increase(zapi_exporter_unreadable_fields_total[1h]) > 0",
)
RELOAD_SUCCESSFUL = Metric(
    "zapi_exporter_config_last_reload_successful",
    "Whether the last attempt to load the configuration succeeded.",
    query="zapi_exporter_config_last_reload_successful == 0",
)
RELOAD_TIMESTAMP = Metric(
    "zapi_exporter_config_last_reload_success_timestamp_seconds",
    "Unix time at which the configuration was last loaded with success.",
    query="time() - zapi_exporter_config_last_reload_success_timestamp_seconds",
)
LOG_LINES_DROPPED = Metric(
    "zapi_exporter_log_lines_dropped_total",
    "Lines of the log that nobody read in time, or that could not be written.",
    type=MetricType.COUNTER,
    query="increase(zapi_exporter_log_lines_dropped_total[1h]) > 0",
)

EXPORTER_METRICS: tuple[Metric, ...] = (
    BUILD_INFO,
    INSTANCES,
    SOURCE_UP,
    SOURCE_INSTANCES,
    SOURCE_LAST_SUCCESS,
    SOURCE_SKIPPED,
    POLLS,
    POLLS_IN_FLIGHT,
    POLL_DURATION,
    POLL_LATENESS,
    COLLECTOR_POLLS,
    UNREADABLE_FIELDS,
    RELOAD_SUCCESSFUL,
    RELOAD_TIMESTAMP,
    LOG_LINES_DROPPED,
)
"""What the exporter says of itself."""

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
                _counter(POLLS, self._outcomes),
                GaugeMetricFamily(POLLS_IN_FLIGHT.name, POLLS_IN_FLIGHT.help, self._in_flight),
                self._durations.family(POLL_DURATION),
                self._latenesses.family(POLL_LATENESS),
                _counter(UNREADABLE_FIELDS, self._unreadable),
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
            GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for metric in (SOURCE_UP, SOURCE_INSTANCES, SOURCE_LAST_SUCCESS, SOURCE_SKIPPED)
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


class Telemetry:
    """The exporter's own metrics, and the registry that holds them. Safe to use from many threads."""

    def __init__(self, dropped_lines: Callable[[], int] = lambda: 0) -> None:
        """``dropped_lines`` returns how many lines the log lacks so far."""
        self.registry = CollectorRegistry()
        self.registry.register(_DroppedLines(dropped_lines))
        build_info = self._gauge(BUILD_INFO)
        build_info.labels(version=__version__, python_version=platform.python_version()).set(1)
        self._instances = self._gauge(INSTANCES)
        self._sources = SourceMetrics()
        self.registry.register(self._sources)
        self._polls = PollCounters()
        self.registry.register(self._polls)
        self.began = self._polls.began
        self.ended = self._polls.ended
        self._collector_polls = Counter(
            COLLECTOR_POLLS.name,
            COLLECTOR_POLLS.help,
            COLLECTOR_POLLS.labels,
            registry=self.registry,
        )
        self._reload_successful = self._gauge(RELOAD_SUCCESSFUL)
        self._reload_timestamp = self._gauge(RELOAD_TIMESTAMP)

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
        metric = LOG_LINES_DROPPED
        yield CounterMetricFamily(metric.name, metric.help, value=self._dropped_lines())
