"""The whole exposition of a small fleet, as files a person can read.

After a change that is meant: ``python -m tests.unit.metrics.test_golden`` writes them anew.
"""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.fleet.store import Fleet
from exporter.metrics.exposition import Format, InstanceLines
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Collector, MessageQueue, PhoneStatus, Reason, Session
from exporter.model.secret import Secret
from tests.builders import a_config, a_failure, a_status, an_instance
from tests.clocks import ManualClock

GOLDEN: Final = Path(__file__).with_name("golden")
FILES: Final = {Format.TEXT: GOLDEN / "fleet.txt", Format.OPENMETRICS: GOLDEN / "fleet.openmetrics.txt"}
DAY: Final = 86_400
HOOK: Final = Secret("https://app.example.com/hooks/zapi")


def exposed(fmt: Format) -> bytes:
    """Six instances: well, disconnected and overdue, failing, stale, never polled, and named by an enemy."""
    clock, lines = ManualClock(), InstanceLines()
    expected = {"received": HOOK, "disconnected": None}
    well, overdue, failing, stale, _silent, hostile = instances = (
        an_instance(
            "vendas",
            labels={"team": "sales", "environment": "production"},
            expected_webhooks=expected,
            collect=frozenset(Collector),
        ),
        an_instance(
            "cobrança", labels={"team": "finance"}, expected_webhooks=expected, collect=frozenset(Collector)
        ),
        an_instance("suporte", expected_webhooks=expected),
        an_instance("ouvidoria"),
        an_instance("plantão"),
        an_instance(
            'quote " back \\ line\nzapi_instance_up{name="vendas"} 0',
            labels={"team": "\u202eevil"},
            expected_webhooks=expected,
        ),
    )
    fleet = Fleet(a_config(*instances), clock, [lines])
    hooks = {**dict.fromkeys(WEBHOOK_FIELDS), "received": HOOK, "disconnected": HOOK}
    now = clock.time()
    whole = a_status(
        display_name="Loja 1 · vendas",
        due=now + 30 * DAY,
        created=now - 400.5 * DAY,
        webhooks=hooks,
        settings={"auto_read_message": True, "call_reject_auto": False, "receive_callback_sent_by_me": False},
        muted=frozenset(),
    )
    fleet.record(stale, a_status(), 0.5)
    fleet.record(stale, a_failure(Reason.SERVER_ERROR), 0.125)
    clock.advance(300)
    fleet.record(failing, replace(whole, webhooks={}), 0.25)
    fleet.record(failing, a_failure(Reason.TIMEOUT), 10.0)
    fleet.record(well, whole, 0.0625)
    fleet.record(overdue, a_status(due=now - 3 * DAY), 0.25)
    fleet.record_collected(well, Collector.STATUS, PhoneStatus(Session.CONNECTED, phone_online=True))
    fleet.record_collected(well, Collector.QUEUE, MessageQueue(3, now - 12))
    fleet.record_collected(overdue, Collector.STATUS, a_failure(Reason.TIMEOUT))
    muted = frozenset({"received"})
    ended = a_status(False, webhooks=hooks, due=now - 3 * DAY, payment_status="overdue", muted=muted)
    fleet.record(overdue, ended, 0.25)
    unread = frozenset({WEBHOOK_FIELDS["received"]})
    fleet.record(hostile, a_status(display_name='"\\\n# EOF', payment_status='a"b', unreadable=unread), 0.25)
    clock.advance(17)
    fleet.expire()
    end = b"# EOF\n" if fmt is Format.OPENMETRICS else b""
    return lines.render(fmt, clock.time()).followed_by(end).whole()


@pytest.mark.parametrize("fmt", list(Format))
def test_the_exposition_is_the_golden_one(fmt: Format) -> None:
    assert exposed(fmt).decode() == FILES[fmt].read_text(encoding="utf-8")


def test_the_golden_files_say_the_same_to_prometheus_clients_parsers() -> None:
    text, openmetrics = (
        {
            (sample.name, tuple(sorted(sample.labels.items())), sample.value)
            for family in parse(FILES[fmt].read_text(encoding="utf-8"))
            for sample in family.samples
        }
        for parse, fmt in ((parse_text, Format.TEXT), (parse_openmetrics, Format.OPENMETRICS))
    )
    assert text == openmetrics
    assert len({dict(labels)["name"] for _, labels, _ in text}) == 6


@pytest.mark.needs("promtool")
def test_promtool_has_nothing_to_say_of_the_golden_file() -> None:
    text, command = FILES[Format.TEXT].read_bytes(), ["promtool", "check", "metrics"]
    checked = subprocess.run(command, input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each, file in FILES.items():
        file.write_bytes(exposed(each))
