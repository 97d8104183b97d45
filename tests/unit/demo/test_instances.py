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
    ("form", "text"),
    [
        (DueForm.SECONDS, "1704110400"),
        (DueForm.MILLISECONDS, "1704110400000"),
        (DueForm.STRING_OF_SECONDS, '"1704110400"'),
        (DueForm.STRING_OF_MILLISECONDS, '"1704110400000"'),
    ],
)
def test_due_is_written_in_each_form(instance: SimulatedInstance, form: DueForm, text: str) -> None:
    assert json.dumps(said(instance, due=form)["due"]) == text


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (CreatedForm.ISO, '"2020-09-13T12:26:40Z"'),
        (CreatedForm.ISO_WITH_FRACTIONS, '"2020-09-13T12:26:40.000Z"'),
        (CreatedForm.SECONDS, "1600000000"),
        (CreatedForm.MILLISECONDS, "1600000000000"),
        (CreatedForm.STRING_OF_MILLISECONDS, '"1600000000000"'),
        (CreatedForm.EMPTY, '""'),
    ],
)
def test_created_is_written_in_each_form(instance: SimulatedInstance, form: CreatedForm, text: str) -> None:
    assert json.dumps(said(instance, created=form)["created"]) == text


def test_created_can_be_absent(instance: SimulatedInstance) -> None:
    assert "created" not in said(instance, created=CreatedForm.ABSENT)


def test_a_webhook_that_is_not_set_is_null_or_empty_or_absent(instance: SimulatedInstance) -> None:
    assert said(instance, unset=UnsetForm.NULL)["deliveryCallbackUrl"] is None
    assert said(instance, unset=UnsetForm.EMPTY)["deliveryCallbackUrl"] == ""
    assert "deliveryCallbackUrl" not in said(instance, unset=UnsetForm.ABSENT)


def test_a_webhook_that_is_set_has_its_url(instance: SimulatedInstance) -> None:
    assert said(instance)["receivedCallbackUrl"] == "https://hooks.example.com/in"


@pytest.mark.parametrize("webhook", ["received_and_delivery", "received_status"])
def test_an_undocumented_webhook_is_there_only_for_an_instance_that_has_it(
    instance: SimulatedInstance, webhook: str
) -> None:
    assert WEBHOOK_FIELDS[webhook] not in said(instance)
    assert said(replace(instance, webhooks={webhook: None}))[WEBHOOK_FIELDS[webhook]] is None


def test_booleans_are_written_as_strings_where_asked(instance: SimulatedInstance) -> None:
    assert said(instance)["connected"] is True
    assert said(instance, booleans_as_strings=True)["connected"] == "true"
    assert said(instance, booleans_as_strings=True)["callRejectAuto"] == "false"


def test_unknown_fields_ride_along(instance: SimulatedInstance) -> None:
    assert said(replace(instance, extra={"tenant": {"a": 1}}))["tenant"] == {"a": 1}


def test_a_payment_status_can_be_absent(instance: SimulatedInstance) -> None:
    assert "paymentStatus" not in said(replace(instance, payment_status=None))
