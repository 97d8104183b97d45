"""The PromQL that panels share. ``which`` is what stands between the braces of a selector of instances."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

FLEET: Final = 'job=~"$job", $label=~"$value"'
"""The instances that the variables of the overview choose."""

ONE: Final = 'job=~"$job", name="$name"'
"""The instance that the detail dashboard is about."""

JOB: Final = 'job=~"$job"'
"""The exporters that the variables choose."""

_SAME: Final = "on (name, job, instance)"
_SAME_WEBHOOK: Final = "on (name, job, instance, webhook)"

FLEET_ALERTS: Final = 'alertname=~"Zapi.+", job=~"$job|", $label=~"$value|"'
"""Alerts of the instances that are chosen, and those that are about no single instance."""

ONE_ALERTS: Final = 'alertname=~"Zapi.+", job=~"$job", name="$name"'
"""Alerts of the instance that the detail dashboard is about."""

JOB_ALERTS: Final = 'alertname=~"Zapi.+", job=~"$job|", name=""'
"""Alerts that are about no single instance."""

RULES_LOADED: Final = "0 * max(zapi:threshold:expiring_soon_seconds)"
"""0 where the rules are loaded; nothing where they are not, because then no alert means nothing."""
RULES_MISSING: Final = (
    'label_replace(label_replace(absent(zapi:threshold:expiring_soon_seconds), "severity", "unknown", "", ""), '
    '"alertname", "ZapiThresholdsMissing", "", "")'
)
"""A row of its own where the rules are not loaded."""


def firing(which: str) -> str:
    return f'ALERTS{{alertstate="firing", {which}}}'


def began(which: str) -> str:
    """When each firing alert began to be true, in milliseconds."""
    return f"1000 * (ALERTS_FOR_STATE{{{which}}} and ignoring (alertstate) {firing(which)})"


def connection(which: str, among: str) -> str:
    """1 connected, 0 not, 2 nothing known; one series an instance whatever happens to it.

    ``among`` has a series for each instance to show. Others are dropped first, which is cheaper in a large fleet.
    """
    shown = f"and on (job, name) {among}"
    return (
        f"max by (job, name) ((zapi_instance_connected{{{which}}} {shown})"
        f" or {_SAME} (0 * (zapi_instance_up{{{which}}} {shown}) + 2))"
    )


def unknown(which: str) -> str:
    """How many instances have no values any more. Without a single value of the fleet, that is all of them."""
    return f"count(zapi_instance_up{{{which}}}) - (count(zapi_instance_connected{{{which}}}) or vector(0))"


def disconnects(which: str) -> str:
    """How often each instance went from connected to not in the time shown, whichever exporter polled it.

    The rules join the exporters that polled an instance one after the other, or side by side. Where they are not
    loaded, the counter of the exporter that saw most has to do.
    """
    joined = f"max by (job, name) (resets(name:zapi_instance_connected:last{{{which}}}[$__range]))"
    counted = f"max by (job, name) (round(increase(zapi_instance_disconnects_total{{{which}}}[$__range])))"
    return f"({joined} or {counted})"


def webhook_state(which: str) -> str:
    """0 not set, 1 set, 2 as expected, 3 expected but not set, 4 expected to be another URL, 5 set but muted."""
    configured = f"zapi_instance_webhook_configured{{{which}}}"
    expected = f"zapi_instance_webhook_as_expected{{{which}}}"
    return (
        "max by (job, name, webhook) ("
        f"(4 + {configured} == 5 and {_SAME_WEBHOOK} {_muted(which)})"
        f" or {_SAME_WEBHOOK} (3 + {configured} and {_SAME_WEBHOOK} {expected} == 0)"
        f" or {_SAME_WEBHOOK} 2 * {expected} == 2 or {_SAME_WEBHOOK} {configured})"
    )


def _muted(which: str) -> str:
    return f"zapi_instance_webhook_muted{{{which}}} == 1"


def oldest_message(which: str) -> str:
    """Seconds that the oldest message of each instance has waited, where one waits."""
    return f"(time() - zapi_instance_queue_oldest_message_timestamp_seconds{{{which}}})"


def expiring_soon(which: str) -> str:
    """Seconds left of each instance that has less than its threshold; negative once it has expired."""
    return (
        f"zapi_instance_until_due_seconds{{{which}}}"
        " < on (name) group_left () name:zapi_threshold_expiring_soon:seconds"
    )


def troubles(which: str, *, most: str) -> str:
    """One row for each trouble of each instance, worst first, at most ``most`` of a kind.

    ``problem`` says what it is, ``detail`` the reason, session, webhook or payment status, ``runbook`` names the alert.
    """
    rows = " or ".join(_rows(which))
    nothing = f'label_replace(absent(zapi_instance_up{{{which}}}), "problem", "{NOTHING_KNOWN}", "", "")'
    return f"sort(topk by (problem) ({most}, {rows} or {nothing}))"


NOTHING_KNOWN: Final = "Nothing known"
"""The ``problem`` of the only row where no exporter tells of any instance."""


PROBLEM_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Disconnected": "Number disconnected",
        "Cannot be polled": "Poll failed",
        "Expired": "Subscription expired",
        "Not paid": "Subscription not paid",
    }
)
"""What is shown for a ``problem``, where it is not its own name."""

PROBLEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Disconnected": "ZapiInstanceDisconnected",
        "Session lost": "ZapiInstanceSessionLost",
        "Queue nearly full": "ZapiInstanceQueueFull",
        "Queue stuck": "ZapiInstanceQueueStuck",
        "Cannot be polled": "ZapiInstancePollsFailing",
        "Expired": "ZapiInstanceExpired",
        "Expires soon": "ZapiInstanceExpiringSoon",
        "Webhook missing": "ZapiInstanceWebhookMissing",
        "Webhook muted": "ZapiInstanceWebhookMuted",
        "Webhook to elsewhere": "ZapiInstanceWebhookUnexpected",
        "Not paid": "ZapiInstanceUnpaid",
        "Phone offline": "ZapiInstancePhoneOffline",
    }
)
"""What ``problem`` may say, worst first → the runbook."""


def _rows(which: str) -> Iterable[str]:
    wrong = f"zapi_instance_webhook_as_expected{{{which}}} == 0"
    is_set = f"{_SAME_WEBHOOK} zapi_instance_webhook_configured{{{which}}} == 1"
    failure = f"zapi_instance_poll_failure{{{which}}}"
    down, connected = (f"zapi_instance_connected{{{which}}} == {value}" for value in (0, 1))
    lost = f'zapi_instance_session{{{which}, session!="connected"}} == 1'
    unpaid = f"zapi_instance_payment_status{{{which}}} == 1 and {_SAME} zapi_instance_paid{{{which}}} == 0"
    queries = (
        f"{_session(f'{lost} and {_SAME} {down}')} or ({down} unless {_SAME} {lost})",
        _session(f"{lost} and {_SAME} {connected}"),
        f"zapi_instance_queue_messages{{{which}}} >= scalar(max(zapi:threshold:queue_full_messages)) and {down}",
        f"{oldest_message(which)} >= scalar(max(zapi:threshold:queue_stuck_seconds)) and {connected}",
        f"{_detail(failure, 'reason')} or (zapi_instance_up{{{which}}} == 0 unless {_SAME} {failure})",
        f"zapi_instance_until_due_seconds{{{which}}} <= 0",
        f"{expiring_soon(which)} > 0",
        _detail(f"{wrong} unless {is_set}", "webhook"),
        _detail(f"{wrong} and {is_set} and {_SAME_WEBHOOK} {_muted(which)}", "webhook"),
        _detail(f"{wrong} and {is_set} unless {_SAME_WEBHOOK} {_muted(which)}", "webhook"),
        _detail(unpaid, "status"),
        f"zapi_instance_phone_online{{{which}}} == 0 and {connected}",
    )
    for rank, ((problem, runbook), query) in enumerate(zip(PROBLEMS.items(), queries, strict=True), start=1):
        named = f'label_replace(0 * ({query}) + {rank}, "problem", "{problem}", "", "")'
        yield f'label_replace({named}, "runbook", "{runbook}", "", "")'


def _detail(query: str, label: str) -> str:
    return f'label_replace({query}, "detail", "$1", "{label}", "(.*)")'


def _session(query: str) -> str:
    """A webhook may be called as a session is: ``disconnected``."""
    return f'label_replace({query}, "detail", "session $1", "session", "(.*)")'
