"""A view → the samples of each metric of an instance. Pure."""

from collections.abc import Iterable

from exporter.fleet.store import InstanceView, is_as_expected
from exporter.model.me_fields import WEBHOOK_FIELDS, WEBHOOK_FILTERS
from exporter.model.poll_result import Session

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]
"""A sample's own labels, beside those of its instance, and its value."""


def one(value: float | None) -> Iterable[Sample]:
    return () if value is None else (((), float(value)),)


def poll_failure(view: InstanceView) -> Iterable[Sample]:
    if view.failure is not None:
        yield (("reason", view.failure.reason.value),), 1.0


def payment_status(view: InstanceView) -> Iterable[Sample]:
    if view.payment_status is not None:
        for status in view.known_statuses:
            yield (("status", status),), float(status == view.payment_status)


def webhook_configured(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None:
        for webhook, url in view.status.webhooks.items():
            yield (("webhook", webhook),), float(url is not None)


def webhook_as_expected(view: InstanceView) -> Iterable[Sample]:
    if view.status is None or not view.status.webhooks:
        return
    for webhook, expected in view.instance.expected_webhooks.items():
        if WEBHOOK_FIELDS[webhook] in view.status.unreadable:
            continue
        url, muted = view.status.webhooks.get(webhook), webhook in (view.status.muted or ())
        yield (("webhook", webhook),), float(is_as_expected(url, expected, muted=muted))


def webhook_muted(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None and view.status.muted is not None:
        for webhook in WEBHOOK_FILTERS.values():
            yield (("webhook", webhook),), float(webhook in view.status.muted)


def webhooks_info(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None and view.status.webhooks:
        webhooks = view.status.webhooks.items()
        yield tuple((webhook, "false" if url is None else "true") for webhook, url in webhooks), 1.0


def info(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None:
        yield (("id", view.instance.id), ("display_name", view.status.display_name or "")), 1.0


def settings(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None:
        for setting, enabled in view.status.settings.items():
            yield (("setting", setting),), float(enabled)


def collector_up(view: InstanceView) -> Iterable[Sample]:
    for collector, known in view.collected.items():
        yield (("collector", collector.value),), float(known.failure is None)


def collector_failure(view: InstanceView) -> Iterable[Sample]:
    for collector, known in view.collected.items():
        if known.failure is not None:
            yield (("collector", collector.value), ("reason", known.failure.reason.value)), 1.0


def phone_online(view: InstanceView) -> Iterable[Sample]:
    status = view.phone_status
    return one(None if status is None else status.phone_online)


def session(view: InstanceView) -> Iterable[Sample]:
    status = view.phone_status
    if status is not None:
        for session in Session:
            yield (("session", session.value),), float(session is status.session)


def queue_messages(view: InstanceView) -> Iterable[Sample]:
    queue = view.message_queue
    return one(None if queue is None else queue.messages)


def queue_oldest(view: InstanceView) -> Iterable[Sample]:
    queue = view.message_queue
    return one(None if queue is None else queue.oldest)


def due(view: InstanceView) -> float | None:
    """Return when the subscription ends, in unix seconds."""
    return view.status.due if view.status else None
