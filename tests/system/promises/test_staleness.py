"""How long a value is shown, as scrapes of the installed command see it."""

import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.demo.faults import html_error
from exporter.model.poll_result import Reason
from exporter.model.settings import Polling
from harness.processes import Exporter, exporter, get
from harness.waiting import wait_until
from simulator.fleet import healthy_fleet
from tests.system.promises.rig import families, upstream

READ_FROM_ME: Final = frozenset(
    {
        *(
            "zapi_instance_connected",
            "zapi_instance_due_timestamp_seconds",
            "zapi_instance_until_due_seconds",
        ),
        *("zapi_instance_paid", "zapi_instance_payment_status", "zapi_instance_created_timestamp_seconds"),
        *(
            "zapi_instance_webhook_configured",
            "zapi_instance_webhook_as_expected",
            "zapi_instance_webhooks_info",
        ),
        *("zapi_instance_info", "zapi_instance_setting_enabled"),
    }
)
KEPT: Final = frozenset(
    {
        *(
            "zapi_instance_up",
            "zapi_instance_polls",
            "zapi_instance_poll_failures",
            "zapi_instance_disconnects",
        ),
        *("zapi_instance_last_poll_timestamp_seconds", "zapi_instance_last_success_timestamp_seconds"),
        "zapi_instance_last_poll_duration_seconds",
    }
)
CLOCK_STEP: Final = 0.1
"""Seconds that the wall clock, by which this test tells ages, may be adjusted meanwhile."""

WEDGED: Final = """
import sys, threading
from exporter import cli
from exporter.zapi.client import ZapiClient

read, polled = ZapiClient.read, set()

def wedge(client, instance):
    if instance.name in polled:
        threading.Event().wait()
    polled.add(instance.name)
    return read(client, instance)

ZapiClient.read = wedge
sys.exit(cli.main(sys.argv[1:]))
"""
"""The command with workers that hang for ever, each in its second poll of any instance."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one scrape, asked for at ``asked`` and answered by ``answered``, had of the only instance."""

    asked: float
    answered: float
    families: frozenset[str]
    values: dict[str, float]
    reasons: frozenset[str]

    @property
    def has_values(self) -> bool:
        """Whether it had what is read from ``/me``; all of it or nothing."""
        assert self.families >= READ_FROM_ME or not READ_FROM_ME & self.families
        return self.families >= READ_FROM_ME


def scrape(running: Exporter) -> Seen:
    asked = time.time()
    text = running.metrics()
    answered = time.time()
    found = {name: family.samples for name, family in families(text).items() if family.samples}
    return Seen(
        asked,
        answered,
        frozenset(found),
        {name: samples[0].value for name, samples in found.items()},
        frozenset(sample.labels["reason"] for sample in found.get("zapi_instance_poll_failure", ())),
    )


def scrapes(running: Exporter) -> Iterator[Seen]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        yield scrape(running)
        time.sleep(0.02)
    raise AssertionError("what was waited for did not come")


def test_good_values_outlive_failed_polls_for_stale_after_and_go_together(tmp_path: Path) -> None:
    (member,) = healthy_fleet(1, now=time.time())
    polling = Polling(interval=0.2, concurrency=2, stale_after=2.0)
    flag = f"--config.file={tmp_path / 'config.yaml'}"
    with upstream(tmp_path, [member], polling, timeout=5.0) as served, exporter(tmp_path, flag) as running:
        assert scrape(running).has_values
        served.zapi.set_fault(member.simulated.id, html_error(503))
        for seen in scrapes(running):
            assert seen.families >= KEPT
            if seen.reasons:
                assert seen.values["zapi_instance_up"] == 0
                assert seen.reasons == {Reason.SERVER_ERROR.value}
                read = seen.values["zapi_instance_last_success_timestamp_seconds"]
                if not seen.has_values:
                    assert seen.answered - read > polling.stale_after - CLOCK_STEP
                    break
                assert seen.asked - read < polling.stale_after + CLOCK_STEP
            else:
                assert seen.values["zapi_instance_up"] == 1
        served.zapi.set_fault(member.simulated.id, None)
        for seen in scrapes(running):
            assert seen.families >= KEPT
            if seen.has_values:
                assert seen.values["zapi_instance_up"] == 1
                assert not seen.reasons
                break
            assert seen.values["zapi_instance_up"] == 0
        assert seen.values["zapi_instance_poll_failures"] >= 1


def test_workers_that_are_wedged_become_visible(tmp_path: Path) -> None:
    members = healthy_fleet(3, now=time.time())
    polling = Polling(interval=0.2, concurrency=3, stale_after=0.5)
    with upstream(tmp_path, members, polling, timeout=5.0) as served:
        flags = (f"--config.file={served.file}",)
        with exporter(tmp_path, *flags, program=(sys.executable, "-c", WEDGED)) as running:
            wait_until(lambda: scrape(running).values["zapi_exporter_polls_in_flight"] == polling.concurrency)
            first = scrape(running)
            wait_until(lambda: not scrape(running).has_values)
            later = scrape(running)
            assert later.values["zapi_instance_up"] == 0
            assert not later.reasons
            assert later.families >= KEPT
            for name in ("zapi_instance_last_poll_timestamp_seconds", "zapi_instance_polls"):
                assert later.values[name] == first.values[name]
            assert get(f"{running.url}/-/healthy")
            wait_until(lambda: running.log.read_text().count("polls have stopped") >= len(members))
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=60) == 0
            assert running.log.read_text().count("polls have stopped") == len(members)
