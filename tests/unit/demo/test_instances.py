import json
from dataclasses import replace
from typing import Any

import pytest

from exporter.demo.instances import SimulatedInstance, me_body
from exporter.model.me_fields import WEBHOOK_FIELDS
from simulator.forms import CreatedForm, DueForm, Forms, UnsetForm


def said(instance: SimulatedInstance, **forms: Any) -> dict[str, Any]:
    document = json.loads(me_body(replace(instance, change=Forms(**forms)), connected=True))
    assert isinstance(document, dict)
    return document


def test_a_body_has_every_documented_field(instance: SimulatedInstance) -> None:
    assert said(instance).keys() == {
        *("id", "token", "name", "due", "connected", "paymentStatus", "created"),
        *("connectedCallbackUrl", "deliveryCallbackUrl", "disconnectedCallbackUrl"),
        *("messageStatusCallbackUrl", "presenceChatCallbackUrl", "receivedCallbackUrl"),
        *("receiveCallbackSentByMe", "callRejectAuto", "callRejectMessage", "autoReadMessage"),
        "initialDataCallbackUrl",
    }


@pytest.mark.parametrize(
    ("forms", "field", "text"),
    [
        ({"due": DueForm.SECONDS}, "due", "1704110400"),
        ({"due": DueForm.MILLISECONDS}, "due", "1704110400000"),
        ({"due": DueForm.STRING_OF_SECONDS}, "due", '"1704110400"'),
        ({"due": DueForm.STRING_OF_MILLISECONDS}, "due", '"1704110400000"'),
        ({"created": CreatedForm.ISO}, "created", '"2020-09-13T12:26:40Z"'),
        ({"created": CreatedForm.ISO_WITH_FRACTIONS}, "created", '"2020-09-13T12:26:40.000Z"'),
        ({"created": CreatedForm.SECONDS}, "created", "1600000000"),
        ({"created": CreatedForm.MILLISECONDS}, "created", "1600000000000"),
        ({"created": CreatedForm.STRING_OF_MILLISECONDS}, "created", '"1600000000000"'),
        ({"created": CreatedForm.EMPTY}, "created", '""'),
        ({"created": CreatedForm.ABSENT}, "created", None),
        ({"unset": UnsetForm.NULL}, "deliveryCallbackUrl", "null"),
        ({"unset": UnsetForm.EMPTY}, "deliveryCallbackUrl", '""'),
        ({"unset": UnsetForm.ABSENT}, "deliveryCallbackUrl", None),
        ({}, "receivedCallbackUrl", '"https://hooks.example.com/in"'),
        ({}, "connected", "true"),
        ({"booleans_as_strings": True}, "connected", '"true"'),
        ({"booleans_as_strings": True}, "callRejectAuto", '"false"'),
    ],
)
def test_a_field_is_written_in_each_form_or_absent(
    instance: SimulatedInstance, forms: dict[str, Any], field: str, text: str | None
) -> None:
    document = said(instance, **forms)
    assert (json.dumps(document[field]) if field in document else None) == text


@pytest.mark.parametrize("webhook", ["received_and_delivery", "received_status"])
def test_an_undocumented_webhook_is_there_only_for_an_instance_that_has_it(
    instance: SimulatedInstance, webhook: str
) -> None:
    assert WEBHOOK_FIELDS[webhook] not in said(instance)
    assert said(replace(instance, webhooks={webhook: None}))[WEBHOOK_FIELDS[webhook]] is None


def test_unknown_fields_ride_along(instance: SimulatedInstance) -> None:
    assert said(replace(instance, extra={"tenant": {"a": 1}}))["tenant"] == {"a": 1}


def test_a_payment_status_can_be_absent(instance: SimulatedInstance) -> None:
    assert "paymentStatus" not in said(replace(instance, payment_status=None))
