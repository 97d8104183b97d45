"""The demo, scraped by a real Prometheus that has the shipped rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from harness.processes import Prometheus, eventually, exporter, prometheus
from stack.speed import hurry
from tests.shipped.prometheus.tools import rule_files

INSTANCES: Final = 60
ROWS: Final = 1
"""Fewer than the demo has of anything, so that a list without a limit is found."""

ALL: Final = {
    "job": ".+",
    "label": "name",
    "value": ".*",
    "rows": str(ROWS),
    "__rate_interval": "4s",
    "__range": "30s",
}
"""Grafana's variables with everything chosen; the intervals are for a scrape each second."""

SPEED: Final = 120.0

SEEN: Final = (
    f"count(zapi_instance_up) == {INSTANCES}",
    'ALERTS{alertname="ZapiInstanceNeverConnected", alertstate="firing"}',
    'ALERTS{alertname="ZapiInstanceWebhookUnexpected", alertstate="firing"}',
    'ALERTS{alertname="ZapiInstancePaymentUnknown", alertstate="firing"}',
    'ALERTS_FOR_STATE{alertname="ZapiInstanceExpired"}',
    "job:zapi_exporter_polls_rate_limited:ratio_rate10m >= 0",
    "job_instance:zapi_exporter_poll_lateness_seconds:mean10m >= 0",
    "histogram_quantile(0.5, sum by (le) (rate(zapi_exporter_poll_lateness_seconds_bucket[4s]))) >= 0",
)
"""What must be there before the dashboards are looked at."""


@contextmanager
def scraped_demo(directory: Path) -> Iterator[Prometheus]:
    with exporter(directory, f"--demo={INSTANCES}") as demo:
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(directory / "rules" / "*.yaml")],
            "scrape_configs": [
                {"job_name": "zapi", "static_configs": [{"targets": [demo.url.removeprefix("http://")]}]}
            ],
        }
        _write_rules(directory / "rules")
        with prometheus(directory, yaml.safe_dump(config)) as real:
            for seen in SEEN:
                eventually(partial(_is_there, real, seen))
            yield real


def _write_rules(directory: Path) -> None:
    """The shipped rules, so much faster that alerts fire within a minute."""
    directory.mkdir()
    for file in rule_files():
        text = hurry(file.read_text(encoding="utf-8"), SPEED)
        (directory / file.name).write_text(text, encoding="utf-8")


def _is_there(real: Prometheus, expression: str) -> bool:
    return bool(real.query(expression))
