"""What the exporter counts of itself, kept by prometheus_client."""

import platform
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector as MetricCollector

from exporter import __version__
from exporter.metrics import catalogue
from exporter.metrics.catalogue import Metric
from exporter.metrics.poll_counters import SUCCESS, PollCounters
from exporter.metrics.source_metrics import SourceMetrics
from exporter.model.collected import Collected, Collector
from exporter.model.poll_result import Failure
from exporter.model.settings import CONFIG_SOURCE, Config, InstanceSource


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
