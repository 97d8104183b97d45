"""An instance cannot have a label that means something else; one that the alert rules drop is warned of."""

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import CollectorRegistry

from exporter.config.labels import RESERVED_LABELS, label_warnings
from exporter.metrics.instance_metrics import INSTANCE_METRICS
from exporter.metrics.self_metrics import EXPORTER_METRICS
from tests.builders import an_instance


def test_every_label_of_the_exporter_and_its_library_is_reserved() -> None:
    registry = CollectorRegistry()
    for collector in (GCCollector, PlatformCollector, ProcessCollector):
        collector(registry=registry)
    theirs = {label for family in registry.collect() for sample in family.samples for label in sample.labels}
    ours = {label for metric in (*INSTANCE_METRICS, *EXPORTER_METRICS) for label in metric.labels}
    assert theirs
    assert ours | theirs <= RESERVED_LABELS


def test_a_label_that_the_rules_change_is_named_with_who_has_it() -> None:
    fine = dict.fromkeys(("team", "namespace", "environment", "region"), "a")
    vendas = an_instance("vendas", labels={"severity": "info", "pod": "a", **fine})
    caixa = an_instance("caixa", labels={"pod": "b"})
    why = "alerts cannot be routed by it; choose another name"
    assert list(label_warnings([vendas, caixa])) == [
        f"the alert rules drop the label pod of 'vendas' and of 1 more: {why}",
        f"the alert rules overwrite the label severity of 'vendas': {why}",
    ]
