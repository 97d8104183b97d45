"""The chain from scrapes to messages: real Prometheus, shipped rules, real Alertmanager, shipped routes.

All durations of the shipped files are shortened by ``stack.speed``; a minute of theirs is a *minute* here too, however
short. Minutes are counted by evaluations of the rules, not by a clock, so that a busy machine only makes them longer.
"""

import json
import re
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from exporter.config.duration import format_duration
from harness.processes import Prometheus, alertmanager, eventually, get, prometheus
from harness.waiting import wait_until
from stack import shipped
from stack.page import Message
from stack.receiver import Receiver

Targets = Mapping[str, Sequence[str]]
"""Job → addresses of its exporters."""

_WITNESS: Final = "witness"
_EVALUATIONS_A_MINUTE: Final = 2
"""The shipped ``evaluation_interval`` is 30s."""


@dataclass(slots=True)
class Chain:
    """The running programs, and every message so far."""

    prometheus: Prometheus
    alertmanager_url: str
    directory: Path
    messages: list[Message] = field(default_factory=list)
    _witnesses: int = 0

    def scrape(self, job: str, addresses: Sequence[str]) -> None:
        """Change the targets of a job."""
        targets = [{"targets": list(addresses)}] if addresses else []
        new = self.directory / "targets" / f"{job}.new"
        new.write_text(json.dumps(targets))
        new.rename(new.with_suffix(".json"))

    def minutes(self) -> float:
        """Minutes for which every group of rules has been evaluated since the start."""
        text = get(f"{self.prometheus.url}/metrics")

        def counts(name: str) -> list[float]:
            return [float(value) for value in re.findall(rf"^{name}{{.*}} (\S+)$", text, re.MULTILINE)]

        due = counts("prometheus_rule_group_iterations_total")
        missed = counts("prometheus_rule_group_iterations_missed_total")
        return min(a - b for a, b in zip(due, missed, strict=True)) / _EVALUATIONS_A_MINUTE

    def pass_a_group_interval(self) -> None:
        """Wait until Alertmanager has had the time to send whatever it still wants to say.

        A witness, an alert of its own, is told and then ends. Alertmanager tells its end one ``group_interval``
        after its beginning; by then every other group of alerts has had its turn too.
        """
        self._witnesses += 1
        name = f"{_WITNESS} {self._witnesses}"
        self._send(name, ends={})
        wait_until(lambda: len(self._heard_of(name)) == 1)
        self._send(name, ends={"endsAt": datetime.now(timezone.utc).isoformat()})
        wait_until(lambda: len(self._heard_of(name)) == 2, patience=60)

    def settle(self) -> None:
        """Forget what was said while Prometheus did not know its targets yet: five seconds at any speed."""
        missing = 'ALERTS{alertname="ZapiExporterMissing",alertstate="firing"}'
        if self.prometheus.values(f"count_over_time({missing}[5m])"):
            eventually(lambda: self.prometheus.values(missing) == [])
            self.pass_a_group_interval()
            self.messages.clear()

    def without_witnesses(self) -> list[Message]:
        return [message for message in self.messages if _WITNESS not in message.title]

    def _heard_of(self, witness: str) -> list[Message]:
        return [message for message in self.messages if message.title.endswith(witness)]

    def _send(self, witness: str, ends: Mapping[str, str]) -> None:
        alert = {
            "labels": {"alertname": witness, "severity": "warning"},
            "annotations": {"summary": witness},
            **ends,
        }
        urllib.request.urlopen(
            urllib.request.Request(
                f"{self.alertmanager_url}/api/v2/alerts",
                json.dumps([alert]).encode(),
                {"Content-Type": "application/json"},
            ),
            timeout=30,
        ).close()


def concerns(message: Message, alert: str, subject: str) -> bool:
    """Whether a message is about this alert of this subject: an instance, a job or an address."""
    whole = f"{message.title}\n{message.text}"
    return (
        f"/{alert}.md" in whole and re.search(rf"(?<![\w.:]){re.escape(subject)}(?![\w:])", whole) is not None
    )


@contextmanager
def chain(
    directory: Path, targets: Targets, *, speed: float, without_rules: Sequence[str] = ()
) -> Iterator[Chain]:
    """Run Prometheus and Alertmanager beside exporters that run already; every target has been scraped.

    ``without_rules`` names shipped rule files to leave out.
    """
    (directory / "targets").mkdir()
    shipped.write_rules(directory / "rules", speed)
    for name in without_rules:
        (directory / "rules" / name).unlink()
    heard: list[Message] = []
    with (
        Receiver(heard.append) as receiver,
        alertmanager(directory, shipped.alertmanager_config(receiver.url, speed)) as alerts,
    ):
        config = shipped.prometheus_config(
            [_scrape(job, directory, speed) for job in targets],
            directory / "rules",
            alerts.removeprefix("http://"),
            speed,
        )
        # Alertmanager takes an alert for ended that it did not hear of for four times this long. After a reload
        # Prometheus needs five seconds to find Alertmanager, at any speed.
        with prometheus(directory, config, "--rules.alert.resend-delay=5s") as real:
            running = Chain(real, alerts, directory, heard)
            for job, addresses in targets.items():
                running.scrape(job, addresses)
            wanted = sum(map(len, targets.values()))
            eventually(lambda: sum(real.values("up")) == wanted)
            if wanted:
                running.settle()
            yield running


def _scrape(job: str, directory: Path, speed: float) -> dict[str, Any]:
    return {
        "job_name": job,
        # The longest that the shipped rules are made for: an exporter on a busy machine may take as long to answer.
        "scrape_interval": format_duration(60 / speed),
        "scrape_timeout": format_duration(60 / speed),
        "file_sd_configs": [{"files": [str(directory / "targets" / f"{job}.json")]}],
    }
