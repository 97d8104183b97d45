"""The metrics of where instances come from."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.metrics import catalogue
from exporter.metrics.catalogue import Metric
from exporter.model.settings import InstanceSource

CONFIG: Final = "config"


@dataclass(frozen=True, slots=True)
class _State:
    is_up: bool
    instances: int
    last_success: float | None


class SourceMetrics(Collector):
    """Exposes what the last reading of each source was like. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def loaded(self, sources: Sequence[InstanceSource], now: float) -> None:
        """Take note of the sources of a configuration that was loaded at ``now``, in unix seconds."""
        with self._lock:
            self._states = {source.name: self._state(source, now) for source in sources}

    def config_failed(self) -> None:
        """Take note that the configuration itself could not be loaded; nothing else was read then."""
        with self._lock:
            config = self._states.get(CONFIG)
            if config is not None:
                self._states[CONFIG] = replace(config, is_up=False)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._lock:
            states = tuple(self._states.items())
        up, instances, success = map(
            _family,
            (catalogue.SOURCE_UP, catalogue.SOURCE_INSTANCES, catalogue.SOURCE_LAST_SUCCESS),
        )
        for name, state in states:
            up.add_metric([name], state.is_up)
            instances.add_metric([name], state.instances)
            if state.last_success is not None:
                success.add_metric([name], state.last_success)
        return (up, instances, success)

    def _state(self, source: InstanceSource, now: float) -> _State:
        if not source.problems:
            return _State(True, len(source.instances), now)
        before = self._states.get(source.name)
        return _State(False, len(source.instances), None if before is None else before.last_success)


def _family(metric: Metric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
