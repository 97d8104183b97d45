"""The metrics of where instances come from."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.metrics import catalogue
from exporter.metrics.catalogue import Metric
from exporter.model.settings import ACCOUNT_PREFIX, CONFIG_SOURCE, InstanceSource


@dataclass(frozen=True, slots=True)
class _State:
    """``is_up`` is ``None`` where the source was not read yet."""

    is_up: bool | None
    instances: int
    last_success: float | None
    skipped: int | None = None


class SourceMetrics(Collector):
    """Exposes what the last reading of each source was like. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def loaded(self, sources: Sequence[InstanceSource], now: float) -> None:
        """Note the sources of a configuration that was loaded at ``now``, in unix seconds."""
        with self._lock:
            self._states = {source.name: self._state(source, now) for source in sources}

    def listed(self, sources: Sequence[InstanceSource]) -> None:
        """Note the accounts among the sources; the others were not read again."""
        accounts = {source.name: _account(source) for source in sources if _is_account(source)}
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

    def _state(self, source: InstanceSource, now: float) -> _State:
        if _is_account(source):
            return _account(source)
        if not source.problems:
            return _State(True, len(source.instances), now)
        before = self._states.get(source.name)
        return _State(False, len(source.instances), None if before is None else before.last_success)


def _is_account(source: InstanceSource) -> bool:
    return source.name.startswith(ACCOUNT_PREFIX)


def _account(source: InstanceSource) -> _State:
    is_up = not source.problems if source.is_read else None
    return _State(is_up, len(source.instances), source.last_success, source.skipped)


def _family(metric: Metric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
