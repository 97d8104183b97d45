"""The catalogue: every metric, once. The exposition, the documents and the tests all read it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from exporter.fleet.store import InstanceView
from exporter.metrics import samples
from exporter.metrics.samples import Sample
from exporter.model.me_fields import FILTERS_FIELD, UNDOCUMENTED_WEBHOOKS, WEBHOOK_FIELDS


class MetricType(str, Enum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. ``name`` is the full name, with ``_total`` for a counter.

    ``absent`` says when there is no series; ``query`` is an example query.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: MetricType = MetricType.GAUGE
    absent: str = "never"
    query: str = ""


@dataclass(frozen=True, slots=True)
class InstanceMetric(Metric):
    """A metric of every instance: beside ``labels`` it carries ``name`` and the instance's own labels.

    ``reads`` are the fields of a view, beside ``instance``, that ``samples`` looks at: no other can change them.
    """

    reads: tuple[str, ...] = ()
    samples: Callable[[InstanceView], Iterable[Sample]] = lambda view: ()


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
        samples=lambda view: samples.one(view.up),
    ),
    InstanceMetric(
        "zapi_instance_poll_failure",
        "1 while the last poll of the instance failed, with the reason.",
        ("reason",),
        absent="unless the last poll failed",
        query="count by (reason) (zapi_instance_poll_failure)",
        reads=("failure",),
        samples=samples.poll_failure,
    ),
    InstanceMetric(
        "zapi_instance_polls_total",
        "Polls of the instance that ended, well or not.",
        type=MetricType.COUNTER,
        query="rate(zapi_instance_polls_total[5m]) * 60",
        reads=("polls",),
        samples=lambda view: samples.one(view.polls),
    ),
    InstanceMetric(
        "zapi_instance_poll_failures_total",
        "Polls of the instance that failed.",
        type=MetricType.COUNTER,
        query="increase(zapi_instance_poll_failures_total[1h]) > 3",
        reads=("failures",),
        samples=lambda view: samples.one(view.failures),
    ),
    InstanceMetric(
        "zapi_instance_last_poll_timestamp_seconds",
        "Unix time at which the last poll of the instance ended.",
        absent=_BEFORE_FIRST_POLL,
        query="time() - zapi_instance_last_poll_timestamp_seconds",
        reads=("last_poll",),
        samples=lambda view: samples.one(view.last_poll),
    ),
    InstanceMetric(
        "zapi_instance_last_success_timestamp_seconds",
        "Unix time at which the last good poll of the instance ended.",
        absent="before the first good poll",
        query="time() - zapi_instance_last_success_timestamp_seconds > 600",
        reads=("last_success",),
        samples=lambda view: samples.one(view.last_success),
    ),
    InstanceMetric(
        "zapi_instance_last_connected_timestamp_seconds",
        "Unix time at which the last poll ended that saw the instance connected to WhatsApp.",
        absent="before a poll has seen it connected",
        query="zapi_instance_last_success_timestamp_seconds - zapi_instance_last_connected_timestamp_seconds > 300",
        reads=("last_connected",),
        samples=lambda view: samples.one(view.last_connected),
    ),
    InstanceMetric(
        "zapi_instance_last_poll_duration_seconds",
        "Duration of the last poll of the instance, name lookup to last byte.",
        absent=_BEFORE_FIRST_POLL,
        query="topk(5, zapi_instance_last_poll_duration_seconds)",
        reads=("last_duration",),
        samples=lambda view: samples.one(view.last_duration),
    ),
    InstanceMetric(
        "zapi_instance_connected",
        "Whether the instance is connected to WhatsApp.",
        absent=_STALE,
        query="zapi_instance_connected == 0",
        reads=("status",),
        samples=lambda view: samples.one(view.status.connected if view.status else None),
    ),
    InstanceMetric(
        "zapi_instance_disconnects_total",
        "Times the instance went from connected to not connected, as seen by polls.",
        type=MetricType.COUNTER,
        query="increase(zapi_instance_disconnects_total[1h]) > 2",
        reads=("disconnects",),
        samples=lambda view: samples.one(view.disconnects),
    ),
    InstanceMetric(
        "zapi_instance_due_timestamp_seconds",
        "Unix time at which the subscription of the instance ends.",
        absent=f"{_STALE}; when `/me` has no readable `due`",
        query="bottomk(10, zapi_instance_due_timestamp_seconds)",
        reads=("status",),
        samples=lambda view: samples.one(samples.due(view)),
    ),
    InstanceMetric(
        "zapi_instance_paid",
        "1 for a payment status in payment.paid_statuses, 0 for one in payment.unpaid_statuses.",
        absent=f"{_STALE}; when `/me` has no payment status, an empty one, or one in neither list",
        query="zapi_instance_paid == 0",
        reads=("paid",),
        samples=lambda view: samples.one(view.paid),
    ),
    InstanceMetric(
        "zapi_instance_payment_status",
        "1 for the payment status of the instance, 0 for every other status known so far.",
        ("status",),
        absent=f"{_STALE}; when `paymentStatus` is unreadable",
        query="count by (status) (zapi_instance_payment_status == 1)",
        reads=("payment_status", "known_statuses"),
        samples=samples.payment_status,
    ),
    InstanceMetric(
        "zapi_instance_created_timestamp_seconds",
        "Unix time at which the instance was created.",
        absent=f"{_STALE}; when `/me` has no readable `created`",
        query="(time() - zapi_instance_created_timestamp_seconds) / 86400",
        reads=("status",),
        samples=lambda view: samples.one(view.status.created if view.status else None),
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
        samples=samples.webhook_configured,
    ),
    InstanceMetric(
        "zapi_instance_webhook_as_expected",
        "Whether an expected webhook is set, to the URL that is expected if one is, and not muted.",
        ("webhook",),
        absent=f"{_STALE}; for a webhook that is not in `expected_webhooks`",
        query="zapi_instance_webhook_as_expected == 0",
        reads=("status",),
        samples=samples.webhook_as_expected,
    ),
    InstanceMetric(
        "zapi_instance_webhook_muted",
        f"Whether the instance's {FILTERS_FIELD} mutes the webhook: Z-API then does not call it.",
        ("webhook",),
        absent=f"{_STALE}; when `/me` has no readable `{FILTERS_FIELD}`; for a webhook that cannot be muted",
        query="zapi_instance_webhook_muted == 1 and zapi_instance_webhook_configured == 1",
        reads=("status",),
        samples=samples.webhook_muted,
    ),
    InstanceMetric(
        "zapi_instance_webhooks_info",
        "Which webhooks have a URL, at a glance; always 1.",
        tuple(WEBHOOK_FIELDS),
        absent=_STALE,
        query='zapi_instance_webhooks_info{received="false"}',
        reads=("status",),
        samples=samples.webhooks_info,
    ),
    InstanceMetric(
        "zapi_instance_info",
        "The id of the instance and the name it has at Z-API; always 1.",
        ("id", "display_name"),
        absent=_STALE,
        query="zapi_instance_connected * on (instance, job, name) group_left (id) zapi_instance_info",
        reads=("status",),
        samples=samples.info,
    ),
    InstanceMetric(
        "zapi_instance_setting_enabled",
        "Whether the setting of the instance is on.",
        ("setting",),
        absent=f"{_STALE}; when `/me` does not have the setting",
        query='zapi_instance_setting_enabled{setting="call_reject_auto"}',
        reads=("status",),
        samples=samples.settings,
    ),
    InstanceMetric(
        "zapi_instance_collector_up",
        "Whether the last request of the collector succeeded.",
        ("collector",),
        absent="before its first request; for a collector that is not in `collect`",
        query="zapi_instance_collector_up == 0",
        reads=("collected",),
        samples=samples.collector_up,
    ),
    InstanceMetric(
        "zapi_instance_collector_failure",
        "1 while the last request of the collector failed, with the reason.",
        ("collector", "reason"),
        absent="unless the last request failed",
        query="count by (collector, reason) (zapi_instance_collector_failure)",
        reads=("collected",),
        samples=samples.collector_failure,
    ),
    InstanceMetric(
        "zapi_instance_phone_online",
        "Whether the phone itself is online, as Z-API reports to the collector `status`.",
        absent=f"{_NOT_COLLECTED}; when `smartphoneConnected` is absent or unreadable",
        query="zapi_instance_phone_online == 0",
        reads=("collected",),
        samples=samples.phone_online,
    ),
    InstanceMetric(
        "zapi_instance_session",
        "1 for the state of the session, 0 for every other: connected, restorable (without the phone), disconnected "
        "(the QR code must be scanned) or unknown.",
        ("session",),
        absent=_NOT_COLLECTED,
        query='zapi_instance_session{session="restorable"} == 1',
        reads=("collected",),
        samples=samples.session,
    ),
    InstanceMetric(
        "zapi_instance_queue_messages",
        "Messages that wait to be sent, as Z-API reports to the collector `queue`.",
        absent=_NOT_COLLECTED,
        query="topk(10, zapi_instance_queue_messages)",
        reads=("collected",),
        samples=samples.queue_messages,
    ),
    InstanceMetric(
        "zapi_instance_queue_oldest_message_timestamp_seconds",
        "Unix time since which the oldest message waits to be sent.",
        absent=f"{_NOT_COLLECTED}; when no message waits; when its age cannot be read",
        query="time() - zapi_instance_queue_oldest_message_timestamp_seconds > 600",
        reads=("collected",),
        samples=samples.queue_oldest,
    ),
)
"""Everything an instance has that changes only with a poll or a reload."""

BUILD_INFO = Metric(
    "zapi_exporter_build_info",
    "The version of the exporter and of its Python; always 1.",
    ("version", "python_version"),
    query="count by (version) (zapi_exporter_build_info)",
)
INSTANCES = Metric(
    "zapi_exporter_instances",
    "Instances that are configured, after sharding.",
    query="sum(zapi_exporter_instances)",
)
SOURCE_UP = Metric(
    "zapi_exporter_instance_source_up",
    "Whether the last reading of a source of instances succeeded. The source is config, file: and a path, or "
    "account: and a name.",
    ("source",),
    absent="before the list of an account was first requested",
    query="zapi_exporter_instance_source_up == 0",
)
SOURCE_INSTANCES = Metric(
    "zapi_exporter_instance_source_instances",
    "Instances that the source had at its last good reading, before sharding. An instance in config or a file "
    "is not counted for an account; one in several accounts is counted for the first.",
    ("source",),
    query="sum by (source) (zapi_exporter_instance_source_instances)",
)
SOURCE_LAST_SUCCESS = Metric(
    "zapi_exporter_instance_source_last_success_timestamp_seconds",
    "Unix time of the last good reading of the source.",
    ("source",),
    absent="before the first good reading",
    query="time() - zapi_exporter_instance_source_last_success_timestamp_seconds",
)
SOURCE_SKIPPED = Metric(
    "zapi_exporter_instance_source_skipped_instances",
    "Instances that the list of an account has without a token, so that they cannot be polled.",
    ("source",),
    absent="for config and files",
    query="zapi_exporter_instance_source_skipped_instances > 0",
)
POLLS = Metric(
    "zapi_exporter_polls_total",
    "Polls that ended, by outcome: success, or the reason of the failure.",
    ("outcome",),
    type=MetricType.COUNTER,
    query='sum by (outcome) (rate(zapi_exporter_polls_total{outcome!="success"}[5m]))',
)
POLLS_IN_FLIGHT = Metric(
    "zapi_exporter_polls_in_flight",
    "Polls that are under way.",
    query="max_over_time(zapi_exporter_polls_in_flight[1h])",
)
POLL_DURATION = Metric(
    "zapi_exporter_poll_duration_seconds",
    "Duration of polls, name lookup to last byte.",
    type=MetricType.HISTOGRAM,
    query="histogram_quantile(0.99, sum by (le) (rate(zapi_exporter_poll_duration_seconds_bucket[5m])))",
)
POLL_LATENESS = Metric(
    "zapi_exporter_poll_lateness_seconds",
    "Delay between the due time and the start of a poll; without first polls and polls held back after a failure.",
    type=MetricType.HISTOGRAM,
    query="histogram_quantile(0.99, sum by (le) (rate(zapi_exporter_poll_lateness_seconds_bucket[5m])))",
)
COLLECTOR_POLLS = Metric(
    "zapi_exporter_collector_polls_total",
    "Requests of collectors that ended, by outcome: success, or the reason of the failure.",
    ("collector", "outcome"),
    type=MetricType.COUNTER,
    query='sum by (collector, outcome) (rate(zapi_exporter_collector_polls_total{outcome!="success"}[5m]))',
)
UNREADABLE_FIELDS = Metric(
    "zapi_exporter_unreadable_fields_total",
    "Optional fields of /me with a value that the exporter could not read.",
    ("field",),
    type=MetricType.COUNTER,
    query="increase(zapi_exporter_unreadable_fields_total[1h]) > 0",
)
RELOAD_SUCCESSFUL = Metric(
    "zapi_exporter_config_last_reload_successful",
    "Whether the last attempt to load the configuration succeeded.",
    query="zapi_exporter_config_last_reload_successful == 0",
)
RELOAD_TIMESTAMP = Metric(
    "zapi_exporter_config_last_reload_success_timestamp_seconds",
    "Unix time at which the configuration was last loaded with success.",
    query="time() - zapi_exporter_config_last_reload_success_timestamp_seconds",
)
LOG_LINES_DROPPED = Metric(
    "zapi_exporter_log_lines_dropped_total",
    "Lines of the log that nobody read in time, or that could not be written.",
    type=MetricType.COUNTER,
    query="increase(zapi_exporter_log_lines_dropped_total[1h]) > 0",
)

EXPORTER_METRICS: tuple[Metric, ...] = (
    BUILD_INFO,
    INSTANCES,
    SOURCE_UP,
    SOURCE_INSTANCES,
    SOURCE_LAST_SUCCESS,
    SOURCE_SKIPPED,
    POLLS,
    POLLS_IN_FLIGHT,
    POLL_DURATION,
    POLL_LATENESS,
    COLLECTOR_POLLS,
    UNREADABLE_FIELDS,
    RELOAD_SUCCESSFUL,
    RELOAD_TIMESTAMP,
    LOG_LINES_DROPPED,
)
"""What the exporter says of itself."""

CATALOGUE: tuple[Metric, ...] = (*INSTANCE_METRICS, UNTIL_DUE, *EXPORTER_METRICS)
"""All of it, but for ``process_*`` and ``python_*``, which are the client library's."""
