"""Labels that the alert rules drop are warned of."""

import pytest

from exporter.config.labels import label_warnings
from tests.builders import an_instance


def test_a_label_that_the_rules_drop_is_named_with_an_instance_that_has_it() -> None:
    instances = [an_instance(name, labels={"pod": "a", "team": "sales"}) for name in ("vendas", "caixa")]

    assert list(label_warnings(instances)) == [
        "the alert rules drop the label pod of 'vendas' and of 1 more: alerts cannot be routed by it;"
        " choose another name"
    ]


def test_a_label_that_every_alert_has_of_its_own_is_named_too() -> None:
    (warning,) = label_warnings([an_instance("vendas", labels={"severity": "info"})])

    assert warning.startswith("the alert rules overwrite the label severity of 'vendas': ")


@pytest.mark.parametrize("label", ["team", "namespace", "environment", "region"])
def test_other_labels_are_fine(label: str) -> None:
    assert list(label_warnings([an_instance("vendas", labels={label: "a"})])) == []
