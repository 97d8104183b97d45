"""The unit tests of the rules notice a small mistake in a rule: another tenth of all mistakes each day.

``make mutants NUMBERS=0123456789`` tries all of them, which takes hours.
"""

import functools
import itertools
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import pytest

from tests.shipped.prometheus.mutants import Mutant, mutants
from tests.shipped.prometheus.rule_tests import FLEET
from tests.shipped.prometheus.tools import RULE_TESTS, Rule, parse, promtool, rules

NO_MISTAKE: Final[dict[tuple[str, str], str]] = {}
"""Mutants that behave as the rule does, by rule and mistake, each with why."""

NUMBERS: Final = os.environ.get("ZAPI_MUTANTS") or str(datetime.now(timezone.utc).toordinal() % 10)
"""Digits: mistakes whose number among those of all rules ends in one of them are tried."""

CONSTANTS: Final = "zapi:reason:info"
TESTED_ELSEWHERE: Final = "availability.yaml"
"""By made-up histories that are too long to be played once for each mistake."""


def _chosen(numbers: str) -> Mapping[str, tuple[Rule, list[Mutant]]]:
    """The rules and the mistakes of each that are tried, by what the test is called."""
    number = itertools.count()
    found: dict[str, tuple[Rule, list[Mutant]]] = {}
    for rule in rules():
        if rule.name == CONSTANTS or rule.file.name == TESTED_ELSEWHERE:
            continue
        chosen = [mutant for mutant in mutants(rule.body) if str(next(number))[-1] in numbers]
        if chosen:
            found[f"{rule.name}-{rule.file.stem}-{rule.position}"] = rule, chosen
    return found


CHOSEN: Final = _chosen(NUMBERS)


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.needs("promtool")
@pytest.mark.parametrize(("rule", "chosen"), CHOSEN.values(), ids=CHOSEN)
def test_a_mistake_in_a_rule_fails_its_unit_tests(rule: Rule, chosen: list[Mutant], tmp_path: Path) -> None:
    bench = _Bench(rule, tmp_path)

    survivors = [
        mutant.mistake
        for mutant in chosen
        if (rule.name, mutant.mistake) not in NO_MISTAKE and bench.passes(mutant.body)
    ]

    assert survivors == []


class _Bench:
    """The rules that a mistake can reach, and the stories that expect its alerts, the shortest first."""

    def __init__(self, rule: Rule, place: Path) -> None:
        self._rule = rule
        self._place = place
        all_rules = [one for one in rules() if one.file.name != TESTED_ELSEWHERE]
        alerts = {one.name for one in _closure(rule.name, all_rules, up=True) if one.alert}
        needed = {_place(one) for alert in alerts for one in _closure(alert, all_rules, up=False)}
        self._rules = [one for one in all_rules if _place(one) in needed]
        # Fleets that have the same names in another namespace notice labels that a rule joins on; they cost more.
        alone, together = (_stories_of(alerts, place / str(alone), alone=alone) for alone in (True, False))
        self._stories = [*alone, *together]

    def passes(self, body: dict[str, Any]) -> bool:
        """Return whether all tests pass while ``body`` stands in the rule's place."""
        place = self._place / "rules"
        place.mkdir(exist_ok=True)
        for file in ("thresholds", "reasons", *FLEET, "collectors", "sources"):
            kept = [
                body if _place(one) == _place(self._rule) else one.body
                for one in self._rules
                if one.file.stem == file
            ]
            name = "zapi" if file == "zapi" else f"zapi-{file}"
            group = {"name": name, "rules": kept}
            (place / f"{file}.yaml").write_text(json.dumps({"groups": [group] if kept else []}))
        for story in self._stories:
            if not promtool("test", "rules", story).succeeded:
                # Mistakes in one rule are often noticed by the same story: it is played first from now on.
                self._stories.remove(story)
                self._stories.insert(0, story)
                return False
        return True


def _place(rule: Rule) -> tuple[Path, int, int]:
    return rule.file, rule.group, rule.position


def _closure(name: str, all_rules: list[Rule], *, up: bool) -> list[Rule]:
    """The rules of this name with all that read it (``up``), or all that it reads, and so on."""
    read = [set(re.findall(r"[\w:]+", rule.expr)) for rule in all_rules]
    found: set[int] = set()
    names = [name]
    while names:
        one = names.pop()
        for number, rule in enumerate(all_rules):
            if number not in found and (rule.name == one or (up and one in read[number])):
                found.add(number)
                names.extend([rule.name] if up else read[number])
    return [all_rules[number] for number in sorted(found)]


def _stories_of(alerts: set[str], place: Path, *, alone: bool) -> list[Path]:
    """Write those that expect one of these alerts: each ``alone`` or in the company in which it is played at once."""
    place.mkdir()
    looking: list[tuple[int, Path]] = []
    for file, document in _stories().items():
        for number, told in enumerate(document["tests"]):
            case = json.loads(json.dumps(told))
            namespaces = _look_at(case, alerts)
            if not namespaces:
                continue
            if alone:
                case["input_series"] = [
                    one for one in case["input_series"] if _namespace(one["series"]) in {"", *namespaces}
                ]
            path = place / f"{file}-{number}.yaml"
            # JSON is YAML, and is written ten times as fast.
            path.write_text(json.dumps({**document, "tests": [case]}))
            looking.append((len(case["input_series"]) * len(case["promql_expr_test"]), path))
    return [path for _, path in sorted(looking)]


@functools.cache
def _stories() -> dict[str, dict[str, Any]]:
    return {file.stem: parse(file.read_text()) for file in sorted(RULE_TESTS.glob("*.yaml"))}


def _look_at(case: dict[str, Any], alerts: set[str]) -> set[str]:
    """Let a case look at no other alert; return the namespaces in which it expects one of these."""
    wanted = "|".join(sorted(alerts))
    namespaces: set[str] = set()
    for check in case["promql_expr_test"]:
        check["expr"] = check["expr"].replace("ALERTS{", f'ALERTS{{alertname=~"{wanted}", ')
        check["exp_samples"] = [
            sample
            for sample in check["exp_samples"]
            if re.search(f'alertname="({wanted})"', sample["labels"])
        ]
        namespaces.update(_namespace(sample["labels"]) for sample in check["exp_samples"])
    case["alert_rule_test"] = [
        check for check in case.get("alert_rule_test", ()) if check["alertname"] in alerts
    ]
    return namespaces


def _namespace(series: str) -> str:
    found = re.search(r'namespace="([^"]*)"', series)
    return found[1] if found else ""
