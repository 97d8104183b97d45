"""Histories of single groups of rules, for promtool.

In some a group is evaluated before the one that it reads, as may be after an installation, and after a pause of
Prometheus of five minutes or more. Others take hours or days, too many for all rules.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Final

import yaml

from tests.shipped.prometheus.tools import alerts, parse

_STEP: Final = 30
_BEFORE: Final = 260
_PAUSE: Final = 14
"""Evaluations without the first group: what it recorded last is looked back at for the first ten."""
_AFTER: Final = 30

_REFUSED: Final = {
    "refused": "unauthorized",
    "ended": "subscription_ended",
    "wrong": "wrong_instance",
    "address": "ip_not_allowed",
    "firewall": "forbidden",
    "silent": "timeout",
}
"""Name → the reason of its polls, which fail."""

_READ: Final = [
    "unpaid",
    "expired",
    "day",
    "week",
    "webhook",
    "unstable",
    "double",
    "phone",
    "offline",
    "linked",
]
"""Names whose polls succeed."""

_ZAPI: Final = 'job="zapi", '
_DOWN: Final = 'job="down"'
"""The labels of a job of two instances whose polls all fail."""

_BASE: Final = {
    "zapi:exporter_seen:timestamp": 1,
    'job:zapi_exporter_seen:timestamp{job="zapi"}': 1,
    'job:zapi_instance_listed:count{job="zapi"}': 0,
    'job:zapi_instance_removed:before{job="zapi"}': 1,
    **{
        f'name:zapi_instance_{what}:timestamp{{job="zapi", name="{name}"}}': 1
        for what in ("listed", "last_success")
        for name in _READ
    },
    **{f'name:zapi_instance_listed:timestamp{{job="zapi", name="{name}"}}': 1 for name in _REFUSED},
    **{f'name:zapi_instance_last_success:timestamp{{job="zapi", name="{name}"}}': 0 for name in _REFUSED},
    f"job:zapi_exporter_seen:timestamp{{{_DOWN}}}": 1,
    f"job:zapi_instance_removed:before{{{_DOWN}}}": 1,
    f"job:zapi_instance_listed:count{{{_DOWN}}}": 0,
    **{
        f'name:zapi_instance_{what}:timestamp{{{_DOWN}, name="{name}"}}': grows
        for name in ("one", "two")
        for what, grows in (("listed", 1), ("last_success", 0))
    },
    'name:zapi_instance_disconnected:seconds{job="zapi", name="phone"}': 1,
    'name:zapi_instance_last_connected:timestamp{job="zapi", name="offline"}': 1,
    'name:zapi_instance_last_connected:timestamp{job="zapi", name="linked"}': 1,
}
"""What the first group recorded → by how much it grows: 1 as the clock, 0 not at all."""

_EXPOSED: Final = {
    **{
        series: values
        for labels, reason in (
            *((f'name="{name}"', reason) for name, reason in _REFUSED.items()),
            *((f'{_DOWN}, name="{name}"', "connect") for name in ("one", "two")),
        )
        for series, values in (
            (f"zapi_instance_last_poll_timestamp_seconds{{{labels}}}", f"0+{_STEP}x{{}}"),
            (f"zapi_instance_up{{{labels}}}", "0x{}"),
            (f'zapi_instance_poll_failure{{{labels}, reason="{reason}"}}', "1x{}"),
        )
    },
    'zapi_exporter_polls_total{outcome="rate_limited"}': "0+1x{}",
    'zapi_exporter_polls_total{outcome="success"}': "0+1x{}",
    'zapi_instance_up{name="unpaid"}': "1x{}",
    'zapi_instance_paid{name="unpaid"}': "0x{}",
    'zapi_instance_due_timestamp_seconds{name="unpaid"}': "1e9x{}",
    'zapi_instance_payment_status{name="unpaid", status="unpaid"}': "1x{}",
    'zapi_instance_due_timestamp_seconds{name="expired"}': "-9e3x{}",
    'zapi_instance_due_timestamp_seconds{name="day"}': "5e4x{}",
    'zapi_instance_due_timestamp_seconds{name="week"}': "5e5x{}",
    'zapi_instance_up{name="webhook"}': "1x{}",
    'zapi_instance_webhook_as_expected{name="webhook", webhook="received"}': "0x{}",
    'zapi_instance_webhook_configured{name="webhook", webhook="received"}': "0x{}",
    'zapi_instance_webhook_as_expected{name="webhook", webhook="delivery"}': "0x{}",
    'zapi_instance_webhook_configured{name="webhook", webhook="delivery"}': "1x{}",
    'zapi_instance_webhook_muted{name="webhook", webhook="delivery"}': "1x{}",
    'zapi_instance_webhook_as_expected{name="webhook", webhook="status"}': "0x{}",
    'zapi_instance_webhook_configured{name="webhook", webhook="status"}': "1x{}",
    'zapi_instance_disconnects_total{name="unstable"}': "0+1x{}",
    'zapi_instance_info{name="double", id="A"}': "1x{}",
    'zapi_instance_info{name="double", id="B"}': "1x{}",
    'zapi_instance_queue_messages{name="phone"}': "1000x{}",
    'zapi_instance_collector_up{name="phone", collector="queue"}': "1x{}",
    'zapi_instance_collector_up{name="phone", collector="status"}': "0x{}",
    'zapi_instance_collector_failure{name="phone", collector="status", reason="timeout"}': "1x{}",
    'zapi_instance:threshold:phone_offline_seconds{name="offline"}': "600x{}",
    'zapi_instance:threshold:phone_offline_critical_seconds{name="linked"}': "600x{}",
    'zapi_instance_phone_online{name="linked"}': "0x{}",
    'zapi_instance_session{name="linked", session="disconnected"}': "1x{}",
    'zapi_instance_session{name="linked", session="connected"}': "0x{}",
    'zapi_instance_collector_up{name="linked", collector="status"}': "1x{}",
    'zapi_instance_phone_online{name="offline"}': "0x{}",
    'zapi_instance_queue_messages{name="offline"}': "30x{}",
    'zapi_instance_queue_oldest_message_timestamp_seconds{name="offline"}': "1x{}",
    'zapi_instance_collector_up{name="offline", collector="queue"}': "1x{}",
    'zapi_instance_collector_up{name="offline", collector="status"}': "1x{}",
    'zapi_exporter_instance_source_up{source="file"}': "0x{}",
    'zapi_exporter_instance_source_instances{source="file"}': "3x{}",
    'zapi_exporter_instance_source_skipped_instances{source="file"}': "1x{}",
}
"""What the exporter exposes, without ``job`` and ``instance`` → its values, for so many samples."""

_ALERTS: Final = {
    "ZapiAddressNotAllowed",
    "ZapiApiDown",
    "ZapiCollectorFailing",
    "ZapiForbidden",
    "ZapiInstanceCredentialsRefused",
    "ZapiInstanceDueUnknown",
    "ZapiInstanceExpired",
    "ZapiInstanceExpiringImminently",
    "ZapiInstanceExpiringSoon",
    "ZapiInstanceFlapping",
    "ZapiInstanceNeverConnected",
    "ZapiInstancePaymentUnknown",
    "ZapiInstancePhoneOffline",
    "ZapiInstancePollsFailing",
    "ZapiInstanceQueueFull",
    "ZapiInstanceQueueStuck",
    "ZapiInstanceSessionLost",
    "ZapiInstanceSourceFailing",
    "ZapiInstanceSourceIncomplete",
    "ZapiInstanceSubscriptionEnded",
    "ZapiInstanceTwoIds",
    "ZapiInstanceUnpaid",
    "ZapiInstanceValuesStale",
    "ZapiInstanceWebhookMissing",
    "ZapiInstanceWebhookMuted",
    "ZapiInstanceWebhookUnexpected",
    "ZapiInstanceWrongInstance",
    "ZapiRateLimited",
}

_ENDING: Final = 'slice (printf "%017.6f" $value) 16'
_ENDING_OR_SESSION: Final = f'reReplaceAll "[567]" "0" ({_ENDING})'
"""While a lost session is told, what it needs stands in place of the ending."""


def pause(place: Path, rules: Path) -> Path:
    """Write a history in which the first group of ``rules`` is not evaluated for seven minutes: nothing ends.

    Each alert has its ending as a label here: 0 is active.
    """
    told = _told(_ALERTS, ending="0")
    checks = [
        check
        for step in range(_BEFORE, _BEFORE + _PAUSE + _AFTER)
        for check in (
            _check(step, told),
            {"expr": '{__name__=~".+:ended"}', "eval_time": f"{step * _STEP}s", "exp_samples": []},
        )
    ]
    files = [file for file in sorted(rules.glob("*.yaml")) if file.stem not in {"zapi", "availability"}]
    series = _listed(_paused(_BASE), _EXPOSED, _BEFORE + _PAUSE + _AFTER)
    names = [_with_endings(file, place) for file in files]
    return _write(place / "pause.yaml", names, series, checks)


_RECOVER: Final = {
    "ZapiCollectorFailing",
    "ZapiInstanceDueUnknown",
    "ZapiInstancePaymentUnknown",
    "ZapiInstanceTwoIds",
    "ZapiInstanceUnpaid",
    "ZapiInstanceWebhookMissing",
}


def recovered(place: Path, rules: Path) -> Path:
    """Write the same pause, in which what is wrong is right again: that is how the alerts end."""
    steps = _BEFORE + _PAUSE + _AFTER
    recovers = _BEFORE + _PAUSE - 2
    base = _base_of("phone", "unpaid", "webhook", "double")
    stays, turns, ends = "1x{}", f"0x{recovers - 1} 1x{{}}", f"1x{recovers - 1} stale"
    asked, received = 'name="phone", collector="status"', 'name="webhook", webhook="received"'
    exposed = {
        f"zapi_instance_collector_up{{{asked}}}": turns,
        f'zapi_instance_collector_failure{{{asked}, reason="timeout"}}': ends,
        'zapi_instance_up{name="unpaid"}': stays,
        'zapi_instance_due_timestamp_seconds{name="unpaid"}': "1e9x{}",
        'zapi_instance_paid{name="unpaid"}': turns,
        'zapi_instance_payment_status{name="unpaid", status="unpaid"}': ends,
        'zapi_instance_up{name="webhook"}': stays,
        'zapi_instance_due_timestamp_seconds{name="webhook"}': f"_x{recovers} 1e9x{{}}",
        'zapi_instance_paid{name="webhook"}': f"_x{recovers} 1x{{}}",
        f"zapi_instance_webhook_as_expected{{{received}}}": turns,
        f"zapi_instance_webhook_configured{{{received}}}": turns,
        'zapi_instance_up{name="double"}': stays,
        'zapi_instance_due_timestamp_seconds{name="double"}': "1e9x{}",
        'zapi_instance_paid{name="double"}': stays,
        'zapi_instance_info{name="double", id="A"}': stays,
        'zapi_instance_info{name="double", id="B"}': ends,
    }
    told, ended = (_told(_RECOVER, ending) for ending in "01")
    back = _BEFORE + _PAUSE + 1
    checks = [
        *(_check(step, told) for step in range(_BEFORE, back)),
        _check(back, ended),
        *(_check(step, []) for step in range(back + 1, steps)),
    ]
    groups = ("thresholds", "readings", "subscriptions", "webhooks", "collectors")
    files = [_with_endings(rules / f"{name}.yaml", place) for name in groups]
    return _write(place / "recovered.yaml", files, _listed(_paused(base), exposed, steps), checks)


def begun(place: Path, rules: Path) -> Path:
    """Write the same pause, in which more goes wrong: it is told when the first group is evaluated again.

    What tells of refused polls is evaluated before what reads polls, and goes on all the same.
    """
    back = _BEFORE + _PAUSE + 1
    steps = _BEFORE + _PAUSE + _AFTER
    begins = back - 3
    failed = begins - 420 // _STEP  # is told after 420 seconds, as stale after 900, and two ids after 600
    base = _base_of("refused", "double", "unstable")
    since = failed * _STEP
    last_success = f"0+{_STEP}x{failed} {since}x{_BEFORE - failed - 1} _x{_PAUSE} {since}x{_AFTER}"
    silent = 'name="silent"'
    exposed = {series: values for series, values in _EXPOSED.items() if 'name="refused"' in series} | {
        f"zapi_instance_last_poll_timestamp_seconds{{{silent}}}": f"0+{_STEP}x{{}}",
        f"zapi_instance_up{{{silent}}}": f"1x{failed} 0x{{}}",
        f'zapi_instance_poll_failure{{{silent}, reason="timeout"}}': f"_x{failed + 1} 1x{{}}",
        'zapi_instance_disconnects_total{name="unstable"}': f"0x{begins - 1} 3x{{}}",
        'zapi_instance_last_success_timestamp_seconds{name="double"}': f"0+{_STEP}x{{}}",
        'zapi_instance_info{name="double", id="A"}': "1x{}",
        'zapi_instance_info{name="double", id="B"}': f"_x{begins} 1x{{}}",
    }
    series = [
        *_paused(base),
        *(
            (f'name:zapi_instance_{what}:timestamp{{job="zapi", name="silent"}}', last_success)
            for what in ("last_success", "last_connected")
        ),
    ]
    told = (
        ("CredentialsRefused", "critical", _BEFORE),
        ("PollsFailing", "warning", back),
        ("Flapping", "warning", back),
        ("ValuesStale", "critical", failed + 900 // _STEP),
        ("TwoIds", "warning", back + 600 // _STEP),
    )
    checks = [
        _check(
            step,
            [
                _sample(alertname=f"ZapiInstance{alert}", severity=severity, ending="0")
                for alert, severity, first in told
                if first <= step
            ],
        )
        for step in range(_BEFORE, steps)
    ]
    groups = ("thresholds", "reasons", "refusals", "polls", "readings")
    files = [_with_endings(rules / f"{name}.yaml", place) for name in groups]
    return _write(place / "begun.yaml", files, _listed(series, exposed, steps), checks)


def _base_of(*names: str) -> dict[str, int]:
    """What the first group recorded of these alone, which are connected."""
    return {
        series: grows
        for series, grows in _BASE.items()
        if "name=" not in series or any(f'name="{name}"' in series for name in names)
    } | {f'name:zapi_instance_last_connected:timestamp{{job="zapi", name="{name}"}}': 1 for name in names}


def _paused(base: Mapping[str, int]) -> list[tuple[str, str]]:
    """Values of what the first group records, which it does not do in the pause."""
    returns = (_BEFORE + _PAUSE) * _STEP
    return [
        (series, f"0+{grows * _STEP}x{_BEFORE} _x{_PAUSE} {grows * returns}+{grows * _STEP}x{_AFTER}")
        for series, grows in base.items()
    ]


def days(place: Path, rules: Path) -> Path:
    """Write a history in which phones stay offline for ten days, a sample every four minutes.

    They have the same name in two jobs and namespaces. The list of an account is not read once in these days.
    """
    step = 240
    day = 24 * 3600 // step
    series = {"zapi:exporter_seen:timestamp": f"0+{step}x{{}}", "zapi:collectors:ready": "1x{}"}
    for target in ('job="zapi"', 'job="other"', 'job="zapi", namespace="other"'):
        phone = f'{target}, name="p"'
        series |= {
            f'name_collector:zapi_instance_collector_listed:timestamp{{{phone}, collector="status"}}': "1x{}",
            f'name_collector:zapi_instance_collected:now{{{phone}, collector="status"}}': "1x{}",
            f'zapi_instance_phone_online{{{phone}, instance="a:1"}}': "1 0x{}",
        }
    for what in ("phone_offline_seconds", "phone_offline_critical_seconds"):
        series |= {f'zapi_instance:threshold:{what}{{name="another"}}': "600x{}"}
    account = 'job="zapi", instance="a:1", source="account:old"'
    series |= {
        'job:zapi_instance_removed:before{job="zapi"}': "0x{}",
        f"zapi_exporter_instance_source_up{{{account}}}": "1x{}",
        f"zapi_exporter_instance_source_instances{{{account}}}": "1x{}",
        f"zapi_exporter_instance_source_last_success_timestamp_seconds{{{account}}}": "0x{}",
    }
    warned, urged = (
        {**_sample(alertname="ZapiInstancePhoneOffline", severity=severity), "value": 3}
        for severity in ("warning", "critical")
    )
    old = _sample(alertname="ZapiInstanceSourceFailing", severity="warning")
    expected = {
        day: [],
        day + 1: [warned],
        day + 3: [warned],
        day + 4: [warned, old],
        10 * day: [warned, old],
        10 * day + 1: [warned, urged, old],
    }
    checks = [
        {
            "expr": "count by (alertname, severity) (ALERTS)",
            "eval_time": f"{at * step}s",
            "exp_samples": samples,
        }
        for at, samples in expected.items()
    ]
    names = [str(rules / f"{name}.yaml") for name in ("thresholds", "phones", "sources")]
    listed = [{"series": name, "values": values.format(10 * day + 9)} for name, values in series.items()]
    return _write(place / "days.yaml", names, listed, checks, step)


def reasons_last(place: Path, rules: Path) -> Path:
    """Write a history in which the reasons are evaluated after what reads them: no other cause is told before."""
    refused = {series: values for series, values in _EXPOSED.items() if "refused" in series}
    cause = [_sample(alertname="ZapiInstanceCredentialsRefused", severity="critical")]
    order = ("thresholds", "polls", "reasons", "refusals")
    base = [(series, f"{-9000 * (1 - grows)}+{grows * _STEP}x20") for series, grows in _BASE.items()]
    told = 120 // _STEP
    checks = [*(_check(step, []) for step in range(told)), *(_check(step, cause) for step in range(told, 20))]
    names = [str(rules / f"{name}.yaml") for name in order]
    return _write(place / "start.yaml", names, _listed(base, refused, 20), checks)


def missing(place: Path, rules: Path) -> Path:
    """Write a history in which each threshold, and each group that is asked for, is missing alone: each is told."""
    needed = [
        name
        for file in sorted(rules.glob("*.yaml"))
        for name in re.findall(
            r"record: (zapi:threshold:\w+|zapi:\w+:ready)$", file.read_text(), re.MULTILINE
        )
    ]
    needed.append("zapi:reason:info")
    absent, turn = 22, 26
    series = [
        {
            "series": name,
            "values": f"1x{turn * (number + 1) - 1} stale _x{absent - 1} 1x{turn * (len(needed) - number)}",
        }
        for number, name in enumerate(needed)
    ]
    exposed = {
        'zapi_exporter_collector_polls_total{collector="status"}': "0+1x{}",
        'zapi_exporter_instance_source_up{source="file"}': "1x{}",
    }
    told = [_sample(alertname="ZapiThresholdsMissing")]
    checks = [
        {
            "expr": 'group by (alertname) (ALERTS{alertname="ZapiThresholdsMissing"})',
            "eval_time": f"{(turn * (number + 1) + step) * _STEP}s",
            "exp_samples": samples,
        }
        for number in range(len(needed))
        for step, samples in ((0, []), (absent, told), (turn - 1, []))
    ]
    series += _listed((), exposed, turn * (len(needed) + 2))
    return _write(place / "missing.yaml", [str(rules / "zapi.yaml")], series, checks)


HISTORIES: Final[Sequence[Callable[[Path, Path], Path]]] = (
    days,
    reasons_last,
    pause,
    recovered,
    begun,
    missing,
)
"""Each takes the folder to write to, and that of the rules."""


def _write(
    file: Path,
    rule_files: Sequence[str],
    series: Sequence[Mapping[str, str]],
    checks: Sequence[Mapping[str, Any]],
    step: int = _STEP,
) -> Path:
    """Rules are evaluated in the order of their files."""
    groups = [_group(file.parent / name) for name in rule_files]
    test = {"interval": f"{step}s", "input_series": series, "promql_expr_test": checks}
    document = {
        "rule_files": rule_files,
        "group_eval_order": groups,
        "evaluation_interval": f"{step}s",
        "tests": [test],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def _group(file: Path) -> str:
    (group,) = parse(file.read_text())["groups"]
    return str(group["name"])


def _with_endings(file: Path, directory: Path) -> str:
    document = parse(file.read_text())
    for rule in document["groups"][0]["rules"]:
        if "alert" in rule:
            ending = _ENDING_OR_SESSION if rule["alert"] == "ZapiInstanceSessionLost" else _ENDING
            rule["labels"]["ending"] = f"{{{{ {ending} }}}}"
    (directory / file.name).write_text(yaml.safe_dump(document))
    return file.name


def _told(names: Set[str], ending: str) -> list[dict[str, Any]]:
    """A sample for each alert of these names, of which ``ending`` is 0 while it is active."""
    return [
        _sample(alertname=rule.name, severity=rule.body["labels"]["severity"], ending=ending)
        for rule in alerts()
        if rule.name in names
    ]


def _sample(**labels: str) -> dict[str, Any]:
    return {"labels": "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}", "value": 1}


def _check(step: int, samples: list[dict[str, Any]]) -> dict[str, Any]:
    query = 'group by (alertname, severity, ending) (ALERTS{alertstate="firing"})'
    return {"expr": query, "eval_time": f"{step * _STEP}s", "exp_samples": samples}


def _listed(
    base: Iterable[tuple[str, str]], exposed: Mapping[str, str], samples: int
) -> list[dict[str, str]]:
    """Series and values, for promtool; ``exposed`` for so many samples."""
    of_an_exporter = (
        (
            series.replace("{", f'{{instance="a:1", {"" if "job=" in series else _ZAPI}'),
            values.format(samples),
        )
        for series, values in exposed.items()
    )
    return [{"series": series, "values": values} for series, values in (*base, *of_an_exporter)]
