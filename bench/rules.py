"""What an evaluation of all rules takes while ten thousand instances are in one and the same trouble.

A few instances are played first, so that every series that rules record is known. Then a new Prometheus is given an
hour of the same for all of them, since rules read an hour back, and scrapes and evaluates on.
"""

import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench import rule_history
from bench.instances import name
from bench.processes import cpu_seconds
from bench.results import RuleCost
from bench.rule_troubles import FEW, Exposed, Trouble, served
from bench.spread import Spread
from harness.processes import Prometheus, get, prometheus
from harness.waiting import wait_until

INSTANCES: Final = 10_000
INTERVAL: Final = 30
"""Of scrapes and of evaluations, in seconds."""
RULES: Final = Path(__file__).parents[1] / "prometheus" / "rules"

EVALUATIONS: Final = 3
_SELDOM: Final = "zapi-availability"
"""The group that is evaluated once in twenty minutes."""
_HISTORY: Final = 3600
_STEP: Final = 30
"""Of the history: the interval that the example configuration has."""
_PATIENCE: Final = 300.0
_AT_ONCE: Final = re.compile(
    r"(record: zapi:threshold:(?:never_connected|unpaid|unknown|webhook|two_ids|phone_offline|session_lost|queue_stuck"
    r"|collector_failing)_seconds\n +expr: vector)\(.+\)"
)
"""Thresholds of time that starts when Prometheus first sees something."""
_MOVING: Final = re.compile(
    r"name:zapi_instance_(?:listed|last_\w+):timestamp|zapi_instance_last_.*_seconds|job:zapi_exporter_\w+:\w*timestamp"
)
_OVER_STEPS: Final = (
    "name:zapi_instance_connected:known",
    "name:zapi_instance_connected:last",
    "name:zapi_instance_last_connected:timestamp",
)
"""Series that rules read over an hour in steps."""
_CONFIGURATION: Final = """
global: {{scrape_interval: {interval}s, scrape_timeout: {interval}s, evaluation_interval: {interval}s}}
rule_files: [rules/*.yaml]
scrape_configs:
- job_name: zapi
  static_configs: [{{targets: ['{target}']}}]
"""


def measure(directory: Path, trouble: Trouble, count: int = INSTANCES) -> RuleCost:
    """Play ``trouble`` for ``count`` instances, and measure a few evaluations."""
    few = _place(directory / "few", hourly="1s")
    with (
        served(Exposed(FEW, trouble)) as target,
        prometheus(few, _CONFIGURATION.format(interval=1, target=target)) as server,
    ):
        _await_evaluations(server, 8)
        recorded = _recorded(server)
    shutil.rmtree(few)
    place = _place(directory / "many")
    arguments = ("--web.enable-remote-write-receiver",)
    with (
        served(Exposed(count, trouble)) as target,
        prometheus(place, "", *arguments) as server,
    ):
        rule_history.write(server.url, _history(recorded, count, target))
        (place / "prometheus.yaml").write_text(_CONFIGURATION.format(interval=INTERVAL, target=target))
        server.process.send_signal(signal.SIGHUP)
        _await_evaluations(server, 1)
        before = cpu_seconds(server.process.pid)
        evaluations = _await_evaluations(server, EVALUATIONS)
        cpu = cpu_seconds(server.process.pid) - before
        alerts = server.values('count(ALERTS{alertstate="firing"})') or [0]
    shutil.rmtree(place)
    return RuleCost(
        longest=Spread.of([max(seconds) for seconds in evaluations]),
        total=Spread.of([sum(seconds) for seconds in evaluations]),
        cpu=cpu / EVALUATIONS,
        alerts=int(alerts[0]),
    )


def _place(directory: Path, hourly: str = "20m") -> Path:
    """The rules as they are shipped, but for durations that would have to be waited for.

    ``hourly`` is how often the group is evaluated that records once an hour.
    """
    rules = directory / "rules"
    rules.mkdir(parents=True)
    for file in RULES.glob("*.yaml"):
        text = file.read_text().replace("interval: 20m", f"interval: {hourly}")
        (rules / file.name).write_text(_AT_ONCE.sub(r"\1(1)", text))
    return directory


def _await_evaluations(server: Prometheus, number: int) -> list[tuple[float, ...]]:
    """Seconds of each group in so many evaluations that begin from now on, of groups that are evaluated so often.

    They are read from the metrics of Prometheus: its list of rules has ten thousand alerts, and to write it costs as
    much as half an evaluation.
    """
    seen: dict[str, dict[float, float]] = {}

    def enough() -> bool:
        groups = _groups(get(f"{server.url}/metrics"))
        if server.values("zapi_exporter_build_info"):
            for group, (at, seconds) in groups.items():
                seen.setdefault(group, {})[at] = seconds
        often = [group for group in groups if group != _SELDOM]
        return bool(often) and all(len(seen.get(group, ())) > number for group in often)

    wait_until(enough, _PATIENCE, pause=1)  # ten times as often, the questions alone take a tenth of a core
    often = (list(seconds.values()) for group, seconds in seen.items() if group != _SELDOM)
    return list(zip(*(seconds[1 : number + 1] for seconds in often), strict=True))


def _groups(metrics: str) -> dict[str, tuple[float, float]]:
    """Group → when it was evaluated last, and how many seconds it took; without those that were not evaluated yet."""
    at, seconds = (
        {
            group: float(value)
            for group, value in re.findall(rf'^{name}{{rule_group=".*;(.+)"}} (\S+)$', metrics, re.M)
        }
        for name in (
            "prometheus_rule_group_last_evaluation_timestamp_seconds",
            "prometheus_rule_group_last_duration_seconds",
        )
    )
    return {group: (at[group], seconds[group]) for group in at.keys() & seconds.keys()}


def _recorded(server: Prometheus) -> list[tuple[dict[str, str], float]]:
    """What the rules read over a range."""
    text = "".join(file.read_text() for file in RULES.glob("*.yaml"))
    names = {*re.findall(r"\b(\w+:zapi\w*:\w+|zapi_\w+|zapi:\w+:\w+)\[", text), *_OVER_STEPS}
    series = server.query(f'{{__name__=~"{"|".join(sorted(names))}"}}')
    return [(dict(labels), value) for labels, value in series.items()]


def _history(
    recorded: list[tuple[dict[str, str], float]], count: int, target: str
) -> Iterator[rule_history.Series]:
    """An hour of the same for all instances; times that follow the clock follow it.

    The few that were played are repeated.
    """
    numbers = {name(number): number for number in range(FEW)}
    now = time.time()
    end = now - _STEP
    moments = [end - _HISTORY + step * _STEP for step in range(_HISTORY // _STEP + 1)]
    for labels, value in recorded:
        own = labels | ({"instance": target} if "instance" in labels else {})
        counts = own["__name__"].startswith("job") and FEW * 0.7 <= value < 2 * FEW  # no time
        whole = value / FEW * count if counts else value
        moves = _MOVING.match(own["__name__"]) and abs(now - value) < 2 * _STEP
        samples = rule_history.samples(
            (int(moment * 1000), moment // 60 * 60 if moves else (value if "name" in own else whole))
            for moment in moments
        )
        if own["__name__"] == "zapi_instance_info" or ("told" in own["__name__"] and "name" not in own):
            continue  # each has an id of its own; the other counts instances in more than one way
        if "name" not in own:
            yield own, samples
            continue
        for number in range(numbers[own["name"]], count, FEW):
            yield own | {"name": name(number)}, samples
