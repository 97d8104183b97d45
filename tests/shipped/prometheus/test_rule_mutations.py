"""The unit tests of the rules notice a small mistake in a rule: another tenth of all mistakes each day.

``make mutants NUMBERS=0123456789`` tries all of them, which takes hours. Playing all stories takes minutes, so mistakes
that no alert has in common are made at once: an alert that is wrong says which of them was noticed.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.shipped.prometheus.group_histories import days, pause, reasons_last
from tests.shipped.prometheus.harmless_mistakes import is_harmless
from tests.shipped.prometheus.mutants import Mutant, mutants
from tests.shipped.prometheus.rule_tests import at_once
from tests.shipped.prometheus.tools import RULE_TESTS, Rule, parse, promtool, rule_files, rules

NUMBERS: Final = os.environ.get("ZAPI_MUTANTS") or str(datetime.now(timezone.utc).toordinal() % 10)
"""Digits: mistakes whose number among those of all rules ends in one of them are tried."""

CONSTANTS: Final = "zapi:reason:info"
TESTED_ELSEWHERE: Final = "availability.yaml"
"""By made-up histories."""
THRESHOLDS: Final = "thresholds.yaml"
ASK_WHETHER_THRESHOLDS_ARE_THERE: Final = frozenset(
    {"zapi:thresholds_missing:since", "ZapiThresholdsMissing"}
)
"""These read all of them, and no value."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mutant of a rule, and the names of the rules and alerts that it can reach."""

    rule: Rule
    mutant: Mutant
    readers: frozenset[str]

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.mutant.mistake}"


def _mistakes(numbers: str) -> Iterator[Mistake]:
    number = 0
    for rule in _rules():
        if rule.name == CONSTANTS:
            continue
        readers = frozenset(one.name for one in _readers(rule.name))
        if rule.file.name == THRESHOLDS:
            readers -= ASK_WHETHER_THRESHOLDS_ARE_THERE
        for mutant in mutants(rule.body):
            if str(number)[-1] in numbers and not is_harmless(rule.name, mutant.mistake):
                yield Mistake(rule, mutant, readers)
            number += 1


def _rules() -> list[Rule]:
    return [rule for rule in rules() if rule.file.name != TESTED_ELSEWHERE]


def _readers(name: str) -> list[Rule]:
    """The rules of this name with all that read it, and so on."""
    all_rules = _rules()
    read = [set(re.findall(r"[\w:]+", rule.expr)) for rule in all_rules]
    found: set[int] = set()
    names = [name]
    while names:
        one = names.pop()
        for number, rule in enumerate(all_rules):
            if number not in found and (rule.name == one or one in read[number]):
                found.add(number)
                names.append(rule.name)
    return [all_rules[number] for number in sorted(found)]


def _batches(mistakes: Iterator[Mistake]) -> list[list[Mistake]]:
    """Mistakes of which no two reach the same rule."""
    fewest_first = sorted(mistakes, key=lambda one: len(one.readers))
    return at_once(fewest_first, lambda one, other: one.readers.isdisjoint(other.readers))


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.needs("promtool")
@pytest.mark.parametrize("batch", _batches(_mistakes(NUMBERS)), ids=lambda batch: f"{len(batch)}_at_once")
def test_mistakes_in_rules_fail_their_unit_tests(batch: list[Mistake], tmp_path: Path) -> None:
    made, tests = tmp_path / "rules", tmp_path / "tests"
    made.mkdir()
    tests.mkdir()
    files = sorted(RULE_TESTS.glob("*.yaml"), key=lambda file: file.stat().st_size)
    stories: list[Callable[[], Path]] = [partial(_copy, file, tests) for file in files]
    stories += [partial(history, tests, made) for history in (days, reasons_last, pause)]
    unnoticed = batch
    for story in stories:
        unnoticed = _play(made, story, unnoticed)

    assert [str(mistake) for mistake in unnoticed] == []


def _copy(story: Path, place: Path) -> Path:
    return Path(shutil.copy2(story, place / story.name))


def _play(rules_made: Path, story: Callable[[], Path], made: Sequence[Mistake]) -> list[Mistake]:
    """Return the mistakes that a file of stories does not notice; ``story`` writes it."""
    if not made:
        return []
    _write_rules(rules_made, made)
    outcome = promtool("test", "rules", story())
    if outcome.succeeded:
        return list(made)
    failed = re.search(r"rule: (\S+), time: .*, err: ", outcome.output)
    if failed:  # ends the story at once
        rest = [mistake for mistake in made if failed[1] not in mistake.readers]
        assert len(rest) == len(made) - 1, outcome.output
        return _play(rules_made, story, rest)
    wrong = _wrong_series(outcome.output)
    rest = [mistake for mistake in made if not mistake.readers & wrong]
    assert len(rest) < len(made), outcome.output
    return rest


def _write_rules(place: Path, made: Sequence[Mistake]) -> None:
    for file in rule_files():
        document = parse(file.read_text())
        for mistake in made:
            if mistake.rule.file == file:
                group = document["groups"][mistake.rule.group]
                group["rules"][mistake.rule.position] = mistake.mutant.body
        (place / file.name).write_text(json.dumps(document))  # is YAML, and is written ten times as fast


def _wrong_series(output: str) -> set[str]:
    """The alerts and the recorded series that differ from what promtool expected."""
    wrong = set(re.findall(r"alertname: (\w+), time:", output))
    for expected, got in re.findall(r"exp: (.*)\n\s*got: (.*)", output):
        both = [set(re.findall(r"[\w:]*\{[^}]*\}", samples)) for samples in (expected, got)]
        for series in both[0] ^ both[1]:
            name = series.partition("{")[0]
            wrong.update([name] if name else re.findall(r'(?:alertname|__name__)="([\w:]+)"', series))
    return wrong
