"""The table of who is told what: as the rules have it, with every alert once."""

import re
from typing import Final

import pytest
import yaml

from exporter.config.validators import parse_duration
from tests.shipped.docs.documents import ROOT
from tests.shipped.prometheus.tools import RULES, Rule, alerts

DOCUMENT: Final = ROOT / "docs" / "alerts.md"
TEXT: Final = DOCUMENT.read_text(encoding="utf-8")
ROW: Final = re.compile(
    r"^\| [^|]+ \| (?P<alert>Zapi\w+) \| (?P<told>[^|]+) \| (?P<threshold>[^|]+) \|$", re.MULTILINE
)
ROWS: Final = {(row["alert"], row["told"].startswith("on call, ")): row for row in ROW.finditer(TEXT)}
"""Alert and whether on call is told → its row. An alert of two severities has two."""

PORTUGUESE: Final = (ROOT / "docs" / "pt-BR" / "alerts.md").read_text(encoding="utf-8")

THRESHOLDS: Final = {
    "ZapiInstanceDisconnected": "disconnected_seconds",
    "ZapiManyInstancesDisconnected": "many_disconnected_seconds",
    "ZapiInstanceNeverConnected": "never_connected_seconds",
    "ZapiInstancePhoneOffline": "phone_offline_seconds",
    "ZapiInstanceSessionLost": "session_lost_seconds",
    "ZapiInstanceQueueStuck": "queue_stuck_seconds",
    "ZapiCollectorFailing": "collector_failing_seconds",
    "ZapiInstanceSourceFailing": "source_failing_seconds",
    "ZapiInstanceSourceIncomplete": "source_failing_seconds",
    "ZapiInstanceExpiringSoon": "expiring_soon_seconds",
    "ZapiInstanceExpiringImminently": "expiring_imminently_seconds",
    "ZapiInstanceExpired": "expired_seconds",
    "ZapiInstanceDueUnknown": "unknown_seconds",
    "ZapiInstancePaymentUnknown": "unknown_seconds",
    "ZapiInstanceUnpaid": "unpaid_seconds",
    "ZapiInstanceWebhookMissing": "webhook_seconds",
    "ZapiInstanceWebhookUnexpected": "webhook_seconds",
    "ZapiInstanceWebhookMuted": "webhook_seconds",
    "ZapiInstancePollsFailing": "failing_seconds",
    "ZapiInstanceCredentialsRefused": "failing_seconds",
    "ZapiInstanceSubscriptionEnded": "failing_seconds",
    "ZapiInstanceWrongInstance": "failing_seconds",
    "ZapiAddressNotAllowed": "failing_seconds",
    "ZapiForbidden": "failing_seconds",
    "ZapiInstanceValuesStale": "stale_seconds",
    "ZapiInstanceTwoIds": "two_ids_seconds",
    "ZapiApiDown": "api_down_seconds",
    "ZapiRateLimited": "reason_seconds",
    "ZapiExporterDown": "exporter_down_seconds",
    "ZapiExporterTargetLost": "exporter_missing_seconds",
    "ZapiExporterMissing": "exporter_missing_seconds",
    "ZapiExporterReloadFailed": "exporter_fault_seconds",
    "ZapiExporterTooOld": "exporter_fault_seconds",
    "ZapiExporterClockWrong": "exporter_fault_seconds",
}
"""Alert → its threshold, where that is a time."""


def test_every_alert_is_in_the_table_once_for_each_severity() -> None:
    of_severities = {(rule.name, rule.body["labels"]["severity"]) for rule in alerts()}
    assert sorted(row["alert"] for row in ROW.finditer(TEXT)) == sorted(name for name, _ in of_severities)


def test_portuguese_tells_the_same_people_at_the_same_time() -> None:
    def rows(text: str, on_call: str) -> list[tuple[str, bool, list[str]]]:
        return [
            (
                row["alert"],
                row["told"].startswith(on_call),
                re.findall(r"\d[\d.,]*", row["threshold"].replace(",", ".")),
            )
            for row in ROW.finditer(text)
        ]

    assert rows(PORTUGUESE, "plantão, ") == rows(TEXT, "on call, ")


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule.name)
def test_on_call_is_told_of_what_is_critical(rule: Rule) -> None:
    is_critical = rule.body["labels"]["severity"] == "critical"

    assert (rule.name, is_critical) in ROWS


@pytest.mark.parametrize("alert", THRESHOLDS)
def test_the_time_in_the_table_is_the_threshold(alert: str) -> None:
    row = ROWS.get((alert, False)) or ROWS[alert, True]
    found = re.search(r"(\d+) (min|h|days?)\b", row["threshold"])
    assert found is not None
    unit = {"min": "m", "h": "h", "day": "d", "days": "d"}[found[2]]

    assert parse_duration(found[1] + unit) == threshold(THRESHOLDS[alert])


def threshold(name: str) -> float:
    for group in yaml.safe_load((RULES / "thresholds.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            if rule["record"] == f"zapi:threshold:{name}":
                factors = re.fullmatch(r"vector\(([\d *]+)\)", rule["expr"])
                assert factors is not None
                product = 1.0
                for factor in factors[1].split("*"):
                    product *= float(factor)
                return product
    raise AssertionError(f"there is no threshold {name}")
