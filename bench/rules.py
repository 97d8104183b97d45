"""What an evaluation of all rules takes while ten thousand instances are in one and the same trouble.

A few instances are played first, so that every series that rules record is known. Then a new Prometheus is given an
hour of the same for all of them, since rules read an hour back, and scrapes and evaluates on.
"""

import json
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
from bench.rule_troubles import Exposed, Trouble, served
from harness.processes import Prometheus, eventually, get, prometheus

INSTANCES: Final = 10_000
INTERVAL: Final = 30
"""Of scrapes and of evaluations, in seconds."""
RULES: Final = Path(__file__).parents[1] / "prometheus" / "rules"

EVALUATIONS: Final = 2
_GROUP: Final = "zapi"
"""The group that is evaluated last."""
_FEW: Final = 20
_HISTORY: Final = 3600
_STEP: Final = 30
"""Of the history: the interval that the example configuration has."""
_PATIENCE: Final = 300.0
_AT_ONCE: Final = re.compile(
    r"(record: zapi:threshold:(?:never_connected|unpaid|unknown|webhook|two_ids)_seconds\n +expr: vector)\(.+\)"
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
    """Play ``trouble`` for ``count`` instances, and take the dearest of a few evaluations."""
    few = _place(directory / "few", interval=1)
    with (
        served(Exposed(_FEW, trouble)) as target,
        prometheus(few, _CONFIGURATION.format(interval=1, target=target)) as server,
    ):
        _await_evaluations(server, 8)
        recorded = _recorded(server)
    shutil.rmtree(few)
    place = _place(directory / "many", INTERVAL)
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
        longest=max(max(groups.values()) for groups in evaluations),
        seconds=max(sum(groups.values()) for groups in evaluations),
        cpu=cpu / EVALUATIONS,
        alerts=int(alerts[0]),
    )


def _place(directory: Path, interval: int) -> Path:
    """The rules as they are shipped, but for durations that would have to be waited for."""
    rules = directory / "rules"
    rules.mkdir(parents=True)
    for file in RULES.glob("*.yaml"):
        text = file.read_text().replace("interval: 20m", f"interval: {interval}s")
        (rules / file.name).write_text(_AT_ONCE.sub(r"\1(1)", text))
    return directory


def _await_evaluations(server: Prometheus, number: int) -> list[dict[str, float]]:
    """Seconds of each group in so many evaluations that begin from now on."""
    seen: dict[str, dict[str, float]] = {}

    def enough() -> bool:
        groups = json.loads(get(f"{server.url}/api/v1/rules"))["data"]["groups"]
        main = next((group for group in groups if group["name"] == _GROUP), None)
        if main is None or not server.values("zapi_exporter_build_info"):
            return False
        seen[main["lastEvaluation"]] = {group["name"]: group["evaluationTime"] for group in groups}
        return len(seen) > number

    eventually(enough, _PATIENCE)
    return list(seen.values())[1:]


def _recorded(server: Prometheus) -> list[tuple[dict[str, str], float]]:
    """What the rules read over a range: of one instance, and of the whole."""
    text = "".join(file.read_text() for file in RULES.glob("*.yaml"))
    names = {*re.findall(r"\b(\w+:zapi\w*:\w+|zapi_\w+|zapi:\w+:\w+)\[", text), *_OVER_STEPS}
    series = server.query(f'{{__name__=~"{"|".join(sorted(names))}"}}')
    first = name(0)
    return [
        (dict(labels), value) for labels, value in series.items() if dict(labels).get("name", first) == first
    ]


def _history(
    recorded: list[tuple[dict[str, str], float]], count: int, target: str
) -> Iterator[rule_history.Series]:
    """An hour of the same for all instances; times that follow the clock follow it."""
    now = time.time()
    end = now - _STEP
    moments = [end - _HISTORY + step * _STEP for step in range(_HISTORY // _STEP + 1)]
    for labels, value in recorded:
        own = labels | ({"instance": target} if "instance" in labels else {})
        counts = own["__name__"].startswith("job") and _FEW * 0.7 <= value < 2 * _FEW  # no time
        whole = value / _FEW * count if counts else value
        moves = _MOVING.match(own["__name__"]) and abs(now - value) < 2 * _STEP
        samples = rule_history.samples(
            (int(moment * 1000), moment // 60 * 60 if moves else (value if "name" in own else whole))
            for moment in moments
        )
        if own["__name__"] == "zapi_instance_info" or ("told" in own["__name__"] and "name" not in own):
            continue  # each has an id of its own; the other counts instances in more than one way
        for number in range(count) if "name" in own else (0,):
            yield (own | {"name": name(number)} if "name" in own else own), samples
