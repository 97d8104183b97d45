"""A view → the state of each webhook of the instance, against what the configuration expects. Pure."""

from collections.abc import Iterator
from enum import Enum, auto

from exporter.fleet.view import InstanceView, is_as_expected
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.secret import Secret


class WebhookState(Enum):
    """The state of one webhook of an instance, compared with the configuration.

    ``SILENCED`` is one that is expected, set and muted by a filter at Z-API; ``MUTED`` one that nobody expects.
    """

    AS_EXPECTED = auto()
    MISSING = auto()
    SILENCED = auto()
    DIFFERENT = auto()
    SET = auto()
    MUTED = auto()
    NOT_SET = auto()
    UNREADABLE = auto()


def webhook_states(view: InstanceView) -> Iterator[tuple[str, WebhookState]]:
    """Yield the short name and the state of each webhook that something is known of."""
    status, expected = view.status, view.instance.expected_webhooks
    if status is None:
        return
    said_nothing = not status.webhooks
    for webhook, field in WEBHOOK_FIELDS.items():
        if field in status.unreadable:
            yield webhook, WebhookState.UNREADABLE
            continue
        if said_nothing:
            continue
        url, muted = status.webhooks.get(webhook), webhook in (status.muted or ())
        if webhook in expected:
            yield webhook, _expected_webhook(url, expected[webhook], muted=muted)
        elif webhook in status.webhooks:
            yield (
                webhook,
                WebhookState.NOT_SET if url is None else WebhookState.MUTED if muted else WebhookState.SET,
            )


def _expected_webhook(url: Secret | None, expected: Secret | None, *, muted: bool) -> WebhookState:
    if is_as_expected(url, expected, muted=muted):
        return WebhookState.AS_EXPECTED
    if url is None:
        return WebhookState.MISSING
    return WebhookState.SILENCED if muted else WebhookState.DIFFERENT
