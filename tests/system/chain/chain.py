"""The chain from scrapes to messages: real Prometheus, shipped rules, real Alertmanager, shipped routes.

All durations of the shipped files are shortened by ``stack.speed``; a minute of theirs is a *minute* here too, however
short. Where something has to last, minutes are counted by evaluations of the rules, so that a busy machine only makes
them longer.
"""

import json
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import yaml

from exporter.config.validators import format_duration
from harness.ports import own_address
from harness.processes import Prometheus, alertmanager_command, eventually, get, post, prometheus_command
from harness.waiting import wait_until
from stack import shipped
from tests.system.chain.inbox import Inbox, Notice, with_data
from tests.system.chain.service import Service

Targets = Mapping[str, Sequence[str]]
"""Job → addresses of its exporters."""

_WITNESS: Final = "witness"
_EVALUATIONS_A_MINUTE: Final = 2
"""The shipped ``evaluation_interval`` is 30s."""

_RESEND_DELAY: Final = 15
"""Real seconds. Alertmanager takes an alert for ended that it did not hear of for four times this long, and Prometheus
needs five seconds after its start to find Alertmanager, at any speed."""


@dataclass(slots=True)
class Chain:
    """The running programs, and every message so far."""

    prometheus_service: Service
    alertmanager_service: Service
    directory: Path
    inbox: Inbox
    speed: float
    _witnesses: int = 0
    _evaluations_before: float = 0.0

    @property
    def prometheus(self) -> Prometheus:
        return Prometheus(self.prometheus_service.process, self.prometheus_service.url)

    @property
    def notices(self) -> list[Notice]:
        """Every message but those of the chain's own witnesses."""
        return [notice for notice in self.inbox.notices if _WITNESS not in notice.title]

    def scrape(self, job: str, addresses: Sequence[str]) -> None:
        """Change the targets of a job."""
        targets = [{"targets": list(addresses)}] if addresses else []
        new = self.directory / "targets" / f"{job}.new"
        new.write_text(json.dumps(targets))
        new.rename(new.with_suffix(".json"))

    def minutes(self) -> float:
        """Return the minutes for which every group of rules has been evaluated since the start."""
        return (self._evaluations_before + self._evaluations()) / _EVALUATIONS_A_MINUTE

    def let_pass(self, minutes: float) -> None:
        """Wait until the rules have been evaluated for so long."""
        until = self.minutes() + minutes
        wait_until(lambda: self.minutes() >= until, patience=600, pause=0.2)

    def restart_prometheus(self) -> None:
        """End Prometheus, and start it again; returns once it knows its targets."""
        jobs = len(self.prometheus.query("group by (job) (up)"))
        self._evaluations_before += self._evaluations()
        self.prometheus_service.stop()
        self.prometheus_service.start()
        eventually(lambda: len(self.prometheus.query("group by (job) (scrape_samples_scraped)")) >= jobs)

    def reload(self) -> None:
        """Have Prometheus read its rules again. It counts evaluations anew, and forgets no sample."""
        before = self.minutes()
        self.prometheus_service.process.send_signal(signal.SIGHUP)
        eventually(
            lambda: "prometheus_config_last_reload_successful 1" in get(f"{self.prometheus.url}/metrics")
        )
        self._evaluations_before += max(0.0, before - self.minutes()) * _EVALUATIONS_A_MINUTE

    def restart_alertmanager(self) -> None:
        """End Alertmanager, and start it again; returns once it knows what fires then."""
        self.alertmanager_service.stop()
        self.alertmanager_service.start()
        firing = 'ALERTS{alertstate="firing"}'
        alerts = f"{self.alertmanager_service.url}/api/v2/alerts"
        eventually(lambda: len(json.loads(get(alerts))) >= len(self.prometheus.query(firing)))

    def pass_a_group_interval(self) -> None:
        """Wait until Alertmanager has had the time to send whatever it still wants to say.

        A witness, an alert of its own, is told and then ends. Alertmanager tells its end one ``group_interval``
        after its beginning; by then every other group of alerts has had its turn too.
        """
        self._witnesses += 1
        name = f"{_WITNESS} {self._witnesses}"
        self._send(name, ends={})
        wait_until(lambda: len(self._heard_of(name)) == 1, patience=120)
        self._send(name, ends={"endsAt": datetime.now(timezone.utc).isoformat()})
        wait_until(lambda: len(self._heard_of(name)) == 2, patience=120)

    def settle(self) -> None:
        """Forget what was said while Prometheus did not know its targets yet: five seconds at any speed."""
        missing = 'ALERTS{alertname="ZapiExporterMissing",alertstate="firing"}'
        eventually(lambda: self.prometheus.values(missing) == [])
        self.pass_a_group_interval()
        self.inbox.notices.clear()

    def _evaluations(self) -> float:
        """Return how often the rules were evaluated; a group with a longer interval of its own does not count."""
        text = get(f"{self.prometheus.url}/metrics")

        def of_groups(name: str) -> dict[str, float]:
            found = re.findall(rf"^prometheus_rule_group_{name}({{.*}}) (\S+)$", text, re.MULTILINE)
            return {group: float(value) for group, value in found}

        due, missed = of_groups("iterations_total"), of_groups("iterations_missed_total")
        intervals = of_groups("interval_seconds")
        shortest = min(intervals.values(), default=0.0)
        return min((due[one] - missed[one] for one in due if intervals[one] == shortest), default=0.0)

    def _heard_of(self, witness: str) -> list[Notice]:
        return [notice for notice in self.inbox.notices if notice.group.get("alertname") == witness]

    def _send(self, witness: str, ends: Mapping[str, str]) -> None:
        labels = {"alertname": witness, "severity": "warning"}
        alert = {"labels": labels, "annotations": {"summary": witness}, **ends}
        post(f"{self.alertmanager_service.url}/api/v2/alerts", [alert])


@contextmanager
def chain(
    directory: Path,
    targets: Targets,
    *,
    speed: float,
    without_rules: Sequence[str] = (),
    more_rules: Mapping[str, str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    change_alertmanager: Callable[[dict[str, Any]], None] = lambda document: None,
) -> Iterator[Chain]:
    """Run Prometheus and Alertmanager beside exporters that run already; every target has been scraped.

    ``without_rules`` names shipped rule files to leave out, ``more_rules`` adds others. ``thresholds`` are other ones
    than shipped, by the end of their name, in seconds of the chain. ``change_alertmanager`` changes the shipped
    configuration.
    """
    (directory / "targets").mkdir()
    shipped.write_rules(directory / "rules", speed)
    for name in without_rules:
        (directory / "rules" / name).unlink()
    for name, text in (more_rules or {}).items():
        (directory / "rules" / name).write_text(text)
    for name, seconds in (thresholds or {}).items():
        _set_threshold(directory / "rules" / "thresholds.yaml", name, seconds / speed)
    with Inbox() as inbox, ExitStack() as ending:
        alertmanager = _alertmanager(directory, inbox.url, speed, change_alertmanager)
        prometheus = _prometheus(directory, list(targets), alertmanager.address, speed)
        running = Chain(prometheus, alertmanager, directory, inbox, speed)
        for job, addresses in targets.items():
            running.scrape(job, addresses)
        for service in (alertmanager, prometheus):
            ending.callback(service.stop, signal.SIGKILL)
            service.start()
        wanted = sum(map(len, targets.values()))
        eventually(lambda: sum(running.prometheus.values("up")) == wanted)
        if wanted:
            running.settle()
        yield running


def _set_threshold(file: Path, name: str, value: float) -> None:
    """Edit it as a user would."""
    text, edited = re.subn(
        rf"(record: zapi:threshold:{name}\n +expr:) .*", rf"\1 vector({value})", file.read_text()
    )
    assert edited == 1, f"{file} has no threshold {name}"
    file.write_text(text)


def _prometheus(directory: Path, jobs: Sequence[str], alertmanager: str, speed: float) -> Service:
    config = shipped.prometheus_config(
        [_scrape(job, directory, speed) for job in jobs], directory / "rules", alertmanager, speed
    )
    address = own_address()
    lookback = f"--query.lookback-delta={format_duration(300 / speed)}"
    resend = f"--rules.alert.resend-delay={_RESEND_DELAY}s"
    command = prometheus_command(directory, config, address, lookback, resend)
    return Service(command, address, directory / "prometheus.log")


def _alertmanager(
    directory: Path, receiver: str, speed: float, change: Callable[[dict[str, Any]], None]
) -> Service:
    document = yaml.safe_load(shipped.alertmanager_config(directory, receiver, speed))
    change(document)
    address = own_address()
    command = alertmanager_command(directory, with_data(document), address)
    return Service(command, address, directory / "alertmanager.log")


def _scrape(job: str, directory: Path, speed: float) -> dict[str, Any]:
    times = dict.fromkeys(("scrape_interval", "scrape_timeout"), format_duration(30 / speed))
    files = [str(directory / "targets" / f"{job}.json")]
    return {"job_name": job, **times, "file_sd_configs": [{"files": files}]}
