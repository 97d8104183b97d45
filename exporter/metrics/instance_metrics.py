"""The metrics of an instance: each with its name, help and labels, and the function from a view to its samples."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from exporter.fleet.store import InstanceView, is_as_expected
from exporter.metrics.metric import Metric, MetricType, Sample
from exporter.model.me_fields import FILTERS_FIELD, UNDOCUMENTED_WEBHOOKS, WEBHOOK_FIELDS, WEBHOOK_FILTERS
from exporter.model.poll_result import Session


@dataclass(frozen=True, slots=True)
class InstanceMetric(Metric):
    """A metric of every instance: beside ``labels`` it carries ``name`` and the instance's own labels.

    ``reads`` are the fields of a view, beside ``instance``, that ``samples`` looks at: no other can change them.
    """

    reads: tuple[str, ...] = ()
    samples: Callable[[InstanceView], Iterable[Sample]] = lambda view: ()


def _one(value: float | None) -> Iterable[Sample]:
    return () if value is None else (((), float(value)),)


def _poll_failure(view: InstanceView) -> Iterable[Sample]:
    if view.failure is not None:
        yield (("reason", view.failure.reason.value),), 1.0


def _payment_status(view: InstanceView) -> Iterable[Sample]:
    if view.payment_status is not None:
        for status in view.known_statuses:
            yield (("status", status),), float(status == view.payment_status)


def _webhook_configured(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None:
        for webhook, url in view.status.webhooks.items():
            yield (("webhook", webhook),), float(url is not None)


def _webhook_as_expected(view: InstanceView) -> Iterable[Sample]:
    if view.status is None or not view.status.webhooks:
        return
    for webhook, expected in view.instance.expected_webhooks.items():
        if WEBHOOK_FIELDS[webhook] in view.status.unreadable:
            continue
        url, muted = view.status.webhooks.get(webhook), webhook in (view.status.muted or ())
        yield (("webhook", webhook),), float(is_as_expected(url, expected, muted=muted))


def _webhook_muted(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None and view.status.muted is not None:
        for webhook in WEBHOOK_FILTERS.values():
            yield (("webhook", webhook),), float(webhook in view.status.muted)


def _webhooks_info(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None and view.status.webhooks:
        webhooks = view.status.webhooks.items()
        yield tuple((webhook, "false" if url is None else "true") for webhook, url in webhooks), 1.0


def _info(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None:
        yield (("id", view.instance.id), ("display_name", view.status.display_name or "")), 1.0


def _settings(view: InstanceView) -> Iterable[Sample]:
    if view.status is not None:
        for setting, enabled in view.status.settings.items():
            yield (("setting", setting),), float(enabled)


def _collector_up(view: InstanceView) -> Iterable[Sample]:
    for collector, known in view.collected.items():
        yield (("collector", collector.value),), float(known.failure is None)


def _collector_failure(view: InstanceView) -> Iterable[Sample]:
    for collector, known in view.collected.items():
        if known.failure is not None:
            yield (("collector", collector.value), ("reason", known.failure.reason.value)), 1.0


def _phone_online(view: InstanceView) -> Iterable[Sample]:
    status = view.phone_status
    return _one(None if status is None else status.phone_online)


def _session(view: InstanceView) -> Iterable[Sample]:
    status = view.phone_status
    if status is not None:
        for session in Session:
            yield (("session", session.value),), float(session is status.session)


def _queue_messages(view: InstanceView) -> Iterable[Sample]:
    queue = view.message_queue
    return _one(None if queue is None else queue.messages)


def _queue_oldest(view: InstanceView) -> Iterable[Sample]:
    queue = view.message_queue
    return _one(None if queue is None else queue.oldest)


def due(view: InstanceView) -> float | None:
    """Return when the subscription ends, in unix seconds."""
    return view.status.due if view.status else None


_BEFORE_FIRST_POLL = "before the first poll"
_NOT_COLLECTED = (
    "unless the collector is in `collect`; once its last good request is older than `polling.stale_after`"
)
_STALE = "before the first good poll, and once the last good one is older than `polling.stale_after`"

UNTIL_DUE = Metric(
    "zapi_instance_until_due_seconds",
    "Seconds until the subscription of the instance ends, at the time of the scrape; negative once it has.",
    absent=f"{_STALE}; when `/me` has no readable `due`",
    query="sort(zapi_instance_until_due_seconds) / 86400",
)
"""The one metric of an instance that moves between polls."""

INSTANCE_METRICS: tuple[InstanceMetric, ...] = (
    InstanceMetric(
        "zapi_instance_up",
        "Whether the last poll of the instance succeeded; 0 also when polls have stopped.",
        absent=_BEFORE_FIRST_POLL,
        query="zapi_instance_up == 0",
        reads=("up",),
        samples=lambda view: _one(view.up),
    ),
    InstanceMetric(
        "zapi_instance_poll_failure",
        "1 while the last poll of the instance failed, with the reason.",
        ("reason",),
        absent="unless the last poll failed",
        query="count by (reason) (zapi_instance_poll_failure)",
        reads=("failure",),
        samples=_poll_failure,
    ),
    InstanceMetric(
        "zapi_instance_polls_total",
        "Polls of the instance that ended, well or not.",
        type=MetricType.COUNTER,
        query="rate(zapi_instance_polls_total[5m]) * 60",
        reads=("polls",),
        samples=lambda view: _one(view.polls),
    ),
    InstanceMetric(
        "zapi_instance_poll_failures_total",
        "Polls of the instance that failed.",
        type=MetricType.COUNTER,
        query="increase(zapi_instance_poll_failures_total[1h]) > 3",
        reads=("failures",),
        samples=lambda view: _one(view.failures),
    ),
    InstanceMetric(
        "zapi_instance_last_poll_timestamp_seconds",
        "Unix time at which the last poll of the instance ended.",
        absent=_BEFORE_FIRST_POLL,
        query="time() - zapi_instance_last_poll_timestamp_seconds",
        reads=("last_poll",),
        samples=lambda view: _one(view.last_poll),
    ),
    InstanceMetric(
        "zapi_instance_last_success_timestamp_seconds",
        "Unix time at which the last good poll of the instance ended.",
        absent="before the first good poll",
        query="time() - zapi_instance_last_success_timestamp_seconds > 600",
        reads=("last_success",),
        samples=lambda view: _one(view.last_success),
    ),
    InstanceMetric(
        "zapi_instance_last_connected_timestamp_seconds",
        "Unix time at which the last poll ended that saw the instance connected to WhatsApp.",
        absent="before a poll has seen it connected",
        query="zapi_instance_last_success_timestamp_seconds - zapi_instance_last_connected_timestamp_seconds > 300",
        reads=("last_connected",),
        samples=lambda view: _one(view.last_connected),
    ),
    InstanceMetric(
        "zapi_instance_last_poll_duration_seconds",
        "Duration of the last poll of the instance, name lookup to last byte.",
        absent=_BEFORE_FIRST_POLL,
        query="topk(5, zapi_instance_last_poll_duration_seconds)",
        reads=("last_duration",),
        samples=lambda view: _one(view.last_duration),
    ),
    InstanceMetric(
        "zapi_instance_connected",
        "Whether the instance is connected to WhatsApp.",
        absent=_STALE,
        query="zapi_instance_connected == 0",
        reads=("status",),
        samples=lambda view: _one(view.status.connected if view.status else None),
    ),
    InstanceMetric(
        "zapi_instance_disconnects_total",
        "Times the instance went from connected to not connected, as seen by polls.",
        type=MetricType.COUNTER,
        query="increase(zapi_instance_disconnects_total[1h]) > 2",
        reads=("disconnects",),
        samples=lambda view: _one(view.disconnects),
    ),
    InstanceMetric(
        "zapi_instance_due_timestamp_seconds",
        "Unix time at which the subscription of the instance ends.",
        absent=f"{_STALE}; when `/me` has no readable `due`",
        query="bottomk(10, zapi_instance_due_timestamp_seconds)",
        reads=("status",),
        samples=lambda view: _one(due(view)),
    ),
    InstanceMetric(
        "zapi_instance_paid",
        "1 for a payment status in payment.paid_statuses, 0 for one in payment.unpaid_statuses.",
        absent=f"{_STALE}; when `/me` has no payment status, an empty one, or one in neither list",
        query="zapi_instance_paid == 0",
        reads=("paid",),
        samples=lambda view: _one(view.paid),
    ),
    InstanceMetric(
        "zapi_instance_payment_status",
        "1 for the payment status of the instance, 0 for every other status known so far.",
        ("status",),
        absent=f"{_STALE}; when `paymentStatus` is unreadable",
        query="count by (status) (zapi_instance_payment_status == 1)",
        reads=("payment_status", "known_statuses"),
        samples=_payment_status,
    ),
    InstanceMetric(
        "zapi_instance_created_timestamp_seconds",
        "Unix time at which the instance was created.",
        absent=f"{_STALE}; when `/me` has no readable `created`",
        query="(time() - zapi_instance_created_timestamp_seconds) / 86400",
        reads=("status",),
        samples=lambda view: _one(view.status.created if view.status else None),
    ),
    InstanceMetric(
        "zapi_instance_webhook_configured",
        "Whether a URL is set for the webhook.",
        ("webhook",),
        absent=f"{_STALE}; when the webhook's field is unreadable; "
        f"for {' and '.join(f'`{webhook}`' for webhook in sorted(UNDOCUMENTED_WEBHOOKS))} "
        "when `/me` does not have the field",
        query='zapi_instance_webhook_configured{webhook="received"} == 0',
        reads=("status",),
        samples=_webhook_configured,
    ),
    InstanceMetric(
        "zapi_instance_webhook_as_expected",
        "Whether an expected webhook is set, to the URL that is expected if one is, and not muted.",
        ("webhook",),
        absent=f"{_STALE}; for a webhook that is not in `expected_webhooks`",
        query="zapi_instance_webhook_as_expected == 0",
        reads=("status",),
        samples=_webhook_as_expected,
    ),
    InstanceMetric(
        "zapi_instance_webhook_muted",
        f"Whether the instance's {FILTERS_FIELD} mutes the webhook: Z-API then does not call it.",
        ("webhook",),
        absent=f"{_STALE}; when `/me` has no readable `{FILTERS_FIELD}`; for a webhook that cannot be muted",
        query="zapi_instance_webhook_muted == 1 and zapi_instance_webhook_configured == 1",
        reads=("status",),
        samples=_webhook_muted,
    ),
    InstanceMetric(
        "zapi_instance_webhooks_info",
        "Which webhooks have a URL, at a glance; always 1.",
        tuple(WEBHOOK_FIELDS),
        absent=_STALE,
        query='zapi_instance_webhooks_info{received="false"}',
        reads=("status",),
        samples=_webhooks_info,
    ),
    InstanceMetric(
        "zapi_instance_info",
        "The id of the instance and the name it has at Z-API; always 1.",
        ("id", "display_name"),
        absent=_STALE,
        query="zapi_instance_connected * on (instance, job, name) group_left (id) zapi_instance_info",
        reads=("status",),
        samples=_info,
    ),
    InstanceMetric(
        "zapi_instance_setting_enabled",
        "Whether the setting of the instance is on.",
        ("setting",),
        absent=f"{_STALE}; when `/me` does not have the setting",
        query='zapi_instance_setting_enabled{setting="call_reject_auto"}',
        reads=("status",),
        samples=_settings,
    ),
    InstanceMetric(
        "zapi_instance_collector_up",
        "Whether the last request of the collector succeeded.",
        ("collector",),
        absent="before its first request; for a collector that is not in `collect`",
        query="zapi_instance_collector_up == 0",
        reads=("collected",),
        samples=_collector_up,
    ),
    InstanceMetric(
        "zapi_instance_collector_failure",
        "1 while the last request of the collector failed, with the reason.",
        ("collector", "reason"),
        absent="unless the last request failed",
        query="count by (collector, reason) (zapi_instance_collector_failure)",
        reads=("collected",),
        samples=_collector_failure,
    ),
    InstanceMetric(
        "zapi_instance_phone_online",
        "Whether the phone itself is online, as Z-API reports to the collector `status`.",
        absent=f"{_NOT_COLLECTED}; when `smartphoneConnected` is absent or unreadable",
        query="zapi_instance_phone_online == 0",
        reads=("collected",),
        samples=_phone_online,
    ),
    InstanceMetric(
        "zapi_instance_session",
        "1 for the state of the session, 0 for every other: connected, restorable (without the phone), disconnected "
        "(the QR code must be scanned) or unknown.",
        ("session",),
        absent=_NOT_COLLECTED,
        query='zapi_instance_session{session="restorable"} == 1',
        reads=("collected",),
        samples=_session,
    ),
    InstanceMetric(
        "zapi_instance_queue_messages",
        "Messages that wait to be sent, as Z-API reports to the collector `queue`.",
        absent=_NOT_COLLECTED,
        query="topk(10, zapi_instance_queue_messages)",
        reads=("collected",),
        samples=_queue_messages,
    ),
    InstanceMetric(
        "zapi_instance_queue_oldest_message_timestamp_seconds",
        "Unix time since which the oldest message waits to be sent.",
        absent=f"{_NOT_COLLECTED}; when no message waits; when its age cannot be read",
        query="time() - zapi_instance_queue_oldest_message_timestamp_seconds > 600",
        reads=("collected",),
        samples=_queue_oldest,
    ),
)
"""Everything an instance has that changes only with a poll or a reload."""
