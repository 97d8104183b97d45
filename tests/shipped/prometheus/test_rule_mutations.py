"""The unit tests of the rules notice any small mistake in them."""

import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.shipped.prometheus.mutants import mutants
from tests.shipped.prometheus.tools import RULE_TESTS, RULES, Rule, promtool, rules

NO_MISTAKE: Final[dict[tuple[str, str], str]] = {}
"""Mutants that behave as the rule does, by rule and mistake, each with why."""

WITHOUT_COMPARISON = "zapi:reason:info"
TESTED_ELSEWHERE = "availability.yaml"
"""By made-up histories that are too long to be played once for each mistake."""


def _rules() -> list[Rule]:
    return [
        rule for rule in rules() if rule.name != WITHOUT_COMPARISON and rule.file.name != TESTED_ELSEWHERE
    ]


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule.name)
def test_a_mistake_in_a_rule_fails_its_unit_tests(rule: Rule, tmp_path: Path) -> None:
    bench = _Bench(rule, tmp_path)
    assert bench.passes(rule.body), "the tests fail without any mistake"

    survivors = [
        mutant.mistake
        for mutant in mutants(rule.body)
        if (rule.name, mutant.mistake) not in NO_MISTAKE and bench.passes(mutant.body)
    ]

    assert survivors == []


class _Bench:
    """A copy of the rules, and of the unit tests of one rule's file: the cases that name the rule come first."""

    def __init__(self, rule: Rule, place: Path) -> None:
        self._rule = rule
        shutil.copytree(RULES, place / "rules")
        self._rule_file = place / "rules" / rule.file.name
        self._test_files = _split(rule, place / "tests")

    def passes(self, body: dict[str, Any]) -> bool:
        """Whether all tests pass while ``body`` stands in the rule's place."""
        document = yaml.safe_load(self._rule.file.read_text())
        document["groups"][self._rule.group]["rules"][self._rule.position] = body
        self._rule_file.write_text(yaml.safe_dump(document))
        return all(promtool("test", "rules", file).succeeded for file in self._test_files)


def _split(rule: Rule, place: Path) -> list[Path]:
    place.mkdir()
    naming: list[Path] = []
    others: list[Path] = []
    for file in sorted(RULE_TESTS.glob(f"{rule.file.stem}*.yaml")):
        document = yaml.safe_load(file.read_text())
        for number, case in enumerate(document["tests"]):
            names_it = rule.name in yaml.safe_dump(case)
            path = place / f"{file.stem}-{number}.yaml"
            path.write_text(yaml.safe_dump({**document, "tests": [case]}))
            (naming if names_it else others).append(path)
    return naming + others
