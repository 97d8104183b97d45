"""Groups of rules that stand on another tell on what they told, and end nothing, while that one is not evaluated.

After a pause of Prometheus of five minutes or more, a group may be evaluated before the one that it reads.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.shipped.prometheus.tools import RULES, parse, promtool, rule_files

_STEP: Final = 30
_BEFORE: Final = 260
_PAUSE: Final = 14
"""Evaluations without the first group: what it recorded last is looked back at for the first ten."""
_AFTER: Final = 30

_BASE: Final = {
    "zapi:exporter_seen:timestamp": 1,
    'job:zapi_exporter_seen:timestamp{job="zapi"}': 1,
    'job:zapi_instance_listed:count{job="zapi"}': 0,
    'job:zapi_instance_removed:before{job="zapi"}': 1,
    **{
        f'name:zapi_instance_{what}:timestamp{{job="zapi", name="{name}"}}': 1
        for what in ("listed", "last_success")
        for name in ("unpaid", "expired", "webhook", "unstable", "double", "phone")
    },
    'name:zapi_instance_listed:timestamp{job="zapi", name="refused"}': 1,
    'name:zapi_instance_last_success:timestamp{job="zapi", name="refused"}': 0,
    'name:zapi_instance_disconnected:seconds{job="zapi", name="phone"}': 1,
}
"""What the first group recorded → by how much it grows: 1 as the clock, 0 not at all."""

_EXPOSED: Final = {
    'zapi_instance_last_poll_timestamp_seconds{name="refused"}': f"0+{_STEP}x{{}}",
    'zapi_instance_up{name="refused"}': "0x{}",
    'zapi_instance_poll_failure{name="refused", reason="unauthorized"}': "1x{}",
    'zapi_instance_up{name="unpaid"}': "1x{}",
    'zapi_instance_paid{name="unpaid"}': "0x{}",
    'zapi_instance_due_timestamp_seconds{name="unpaid"}': "1e9x{}",
    'zapi_instance_payment_status{name="unpaid", status="unpaid"}': "1x{}",
    'zapi_instance_due_timestamp_seconds{name="expired"}': "-9e3x{}",
    'zapi_instance_up{name="webhook"}': "1x{}",
    'zapi_instance_webhook_as_expected{name="webhook", webhook="received"}': "0x{}",
    'zapi_instance_webhook_configured{name="webhook", webhook="received"}': "0x{}",
    'zapi_instance_disconnects_total{name="unstable"}': "0+1x{}",
    'zapi_instance_info{name="double", id="A"}': "1x{}",
    'zapi_instance_info{name="double", id="B"}': "1x{}",
    'zapi_instance_queue_messages{name="phone"}': "1000x{}",
    'zapi_instance_collector_up{name="phone", collector="queue"}': "1x{}",
    'zapi_exporter_instance_source_up{source="file"}': "0x{}",
    'zapi_exporter_instance_source_instances{source="file"}': "3x{}",
}
"""What the exporter exposes, without ``job`` and ``instance`` → its values, for so many samples."""

_ALERTS: Final = {
    "ZapiInstanceCredentialsRefused",
    "ZapiInstanceDueUnknown",
    "ZapiInstanceExpired",
    "ZapiInstanceFlapping",
    "ZapiInstanceNeverConnected",
    "ZapiInstancePaymentUnknown",
    "ZapiInstanceQueueFull",
    "ZapiInstanceSourceFailing",
    "ZapiInstanceTwoIds",
    "ZapiInstanceUnpaid",
    "ZapiInstanceWebhookMissing",
}


@pytest.mark.needs("promtool")
def test_nothing_ends_while_the_group_below_is_not_evaluated(tmp_path: Path) -> None:
    """Each alert has its ending as a label here: 0 is active."""
    told = [{"labels": f'{{alertname="{alert}", ending="0"}}', "value": 1} for alert in sorted(_ALERTS)]
    checks = [
        check
        for step in range(_BEFORE, _BEFORE + _PAUSE + _AFTER)
        for check in (
            _check(step, told),
            {"expr": '{__name__=~".+:ended"}', "eval_time": f"{step * _STEP}s", "exp_samples": []},
        )
    ]
    files = [file for file in rule_files() if file.stem not in {"zapi", "availability"}]
    returns = (_BEFORE + _PAUSE) * _STEP
    base = [
        (series, f"0+{grows * _STEP}x{_BEFORE} _x{_PAUSE} {grows * returns}+{grows * _STEP}x{_AFTER}")
        for series, grows in _BASE.items()
    ]
    series = _listed(base, _EXPOSED, _BEFORE + _PAUSE + _AFTER)
    test = {"interval": f"{_STEP}s", "input_series": series, "promql_expr_test": checks}
    names = [_with_endings(file, tmp_path) for file in files]
    document = {"rule_files": names, "evaluation_interval": f"{_STEP}s", "tests": [test]}
    (tmp_path / "pause.yaml").write_text(yaml.safe_dump(document))

    outcome = promtool("test", "rules", tmp_path / "pause.yaml")

    assert outcome.succeeded, outcome.output


@pytest.mark.needs("promtool")
def test_no_other_cause_is_told_before_the_reasons_are_known(tmp_path: Path) -> None:
    """After an installation the reasons may be evaluated last."""
    refused = {series: values for series, values in _EXPOSED.items() if "refused" in series}
    cause = [{"labels": '{alertname="ZapiInstanceCredentialsRefused"}', "value": 1}]
    files = [str(RULES / f"{name}.yaml") for name in ("thresholds", "polls", "reasons", "refusals")]
    base = [(series, f"{-9000 * (1 - grows)}+{grows * _STEP}x20") for series, grows in _BASE.items()]
    test = {
        "interval": f"{_STEP}s",
        "input_series": _listed(base, refused, 20),
        "promql_expr_test": [_check(0, []), *(_check(step, cause) for step in range(2, 20))],
    }
    document = {
        "rule_files": files,
        "group_eval_order": ["zapi-thresholds", "zapi-polls", "zapi-reasons", "zapi-refusals"],
        "evaluation_interval": f"{_STEP}s",
        "tests": [test],
    }
    (tmp_path / "start.yaml").write_text(yaml.safe_dump(document))

    outcome = promtool("test", "rules", tmp_path / "start.yaml")

    assert outcome.succeeded, outcome.output


def _with_endings(file: Path, directory: Path) -> str:
    document = parse(file.read_text())
    for rule in document["groups"][0]["rules"]:
        if "alert" in rule:
            rule["labels"]["ending"] = '{{ slice (printf "%017.6f" $value) 16 }}'
    (directory / file.name).write_text(yaml.safe_dump(document))
    return file.name


def _check(step: int, samples: list[dict[str, Any]]) -> dict[str, Any]:
    query = 'group by (alertname, ending) (ALERTS{alertstate="firing"})'
    return {"expr": query, "eval_time": f"{step * _STEP}s", "exp_samples": samples}


def _listed(
    base: Iterable[tuple[str, str]], exposed: Mapping[str, str], samples: int
) -> list[dict[str, str]]:
    """Series and values, for promtool; ``exposed`` for so many samples."""
    of_an_exporter = (
        (series.replace("{", '{job="zapi", instance="a:1", '), values.format(samples))
        for series, values in exposed.items()
    )
    return [{"series": series, "values": values} for series, values in (*base, *of_an_exporter)]
