"""An exposition and a log → what was seen of each instance."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.system.faults.promise import SUCCESS

LogLine = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """One instance. ``outcome`` is that of its last poll, ``series`` are written without the label ``name``."""

    outcome: str
    polls: int
    series: frozenset[str]
    not_finite: tuple[str, ...]


def in_exposition(text: str) -> Mapping[str, Seen]:
    """Name of each instance → what its series say."""
    samples: dict[str, dict[str, float]] = defaultdict(dict)
    outcomes: dict[str, str] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            name = labels.pop("name", None)
            if name is None:
                continue
            samples[name][_series(sample.name, labels)] = sample.value
            if sample.name == "zapi_instance_poll_failure":
                outcomes[name] = labels["reason"]
    return {
        name: Seen(
            outcome=outcomes.get(name) or (SUCCESS if its.get("zapi_instance_up") == 1 else "nothing"),
            polls=int(its["zapi_instance_polls_total"]),
            series=frozenset(its),
            not_finite=tuple(series for series, value in its.items() if not math.isfinite(value)),
        )
        for name, its in samples.items()
    }


def values(exposition: str, metric: str) -> list[float]:
    """The values of all series of a metric that has labels."""
    lines = (line for line in exposition.splitlines() if line.startswith(metric + "{"))
    return [float(line.rpartition(" ")[2]) for line in lines]


def in_log(text: str) -> list[LogLine]:
    """Every line of a log in JSON, as its fields."""
    return [json.loads(line) for line in text.splitlines()]


def by_instance(lines: list[LogLine]) -> Mapping[str, list[LogLine]]:
    found: dict[str, list[LogLine]] = defaultdict(list)
    for line in lines:
        if "instance" in line:
            found[line["instance"]].append(line)
    return found


def _series(name: str, labels: Mapping[str, str]) -> str:
    """An info's labels are values of their own; its name says enough."""
    if name.endswith("_info") or not labels:
        return name
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "}"
