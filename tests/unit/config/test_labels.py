"""An instance cannot have a label that means something else."""

import pytest
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import CollectorRegistry

from exporter.config.labels import RESERVED_LABELS, label_name
from exporter.metrics.catalogue import CATALOGUE


def test_every_label_of_our_own_metrics_is_reserved() -> None:
    assert {label for metric in CATALOGUE for label in metric.labels} <= RESERVED_LABELS


def test_every_label_of_the_client_library_is_reserved() -> None:
    registry = CollectorRegistry()
    for collector in (GCCollector, PlatformCollector, ProcessCollector):
        collector(registry=registry)
    labels = {label for family in registry.collect() for sample in family.samples for label in sample.labels}
    assert labels
    assert labels <= RESERVED_LABELS


@pytest.mark.parametrize("name", ["team", "_a", "Zone9", "le_", "a" * 300])
def test_another_label_is_free(name: str) -> None:
    assert label_name(name) == name
