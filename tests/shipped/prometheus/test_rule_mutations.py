"""The unit tests of the rules notice a small mistake in a rule: another tenth of all mistakes each day.

``make mutants NUMBERS=0123456789`` tries all of them, which takes hours. Playing all stories takes minutes, so many
mistakes are played at once, each in copies of the rules that it reaches.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.shipped.prometheus.group_histories import HISTORIES
from tests.shipped.prometheus.harmless_mistakes import is_harmless
from tests.shipped.prometheus.mutant_copies import (
    Mistake,
    numbers_in,
    with_checks_of_copies,
    with_copies,
)
from tests.shipped.prometheus.mutants import Mutant, mutants
from tests.shipped.prometheus.tools import RULE_TESTS, RULES, parse, promtool, rule_files, rules

NUMBERS: Final = os.environ.get("ZAPI_MUTANTS") or str(datetime.now(timezone.utc).toordinal() % 10)
"""Digits: mistakes whose number among those of all rules ends in one of them are tried."""

CONSTANTS: Final = "zapi:reason:info"
TESTED_ELSEWHERE: Final = "availability.yaml"
"""By made-up histories."""

_COPIES: Final = 1000
"""Rules that are copied at once: more take memory, fewer take the evaluation of all rules themselves more often."""


def _mistakes(numbers: str) -> Iterator[Mistake]:
    number = 0
    for rule in rules():
        if rule.file.name == TESTED_ELSEWHERE or rule.name == CONSTANTS:
            continue
        for mutant in mutants(rule.expr):
            if str(number)[-1] in numbers and not is_harmless(rule.name, mutant.mistake):
                yield Mistake(number, rule, mutant)
            number += 1


def _batches(mistakes: Iterator[Mistake]) -> Iterator[list[Mistake]]:
    """Those that reach the fewest rules first."""
    files = frozenset(file.name for file in rule_files())
    batch: list[Mistake] = []
    copies = 0
    for mistake in sorted(mistakes, key=lambda one: len(one.reached(files))):
        reached = len(mistake.reached(files))
        if batch and copies + reached > _COPIES:
            yield batch
            batch, copies = [], 0
        batch.append(mistake)
        copies += reached
    yield batch


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.needs("promtool")
@pytest.mark.parametrize(
    "batch", list(_batches(_mistakes(NUMBERS))), ids=lambda batch: f"{len(batch)}_at_once"
)
def test_mistakes_in_rules_fail_their_unit_tests(batch: list[Mistake], tmp_path: Path) -> None:
    files = sorted(RULE_TESTS.glob("*.yaml"), key=_notices_late)
    stories: list[Callable[[], Path]] = [partial(Path, file) for file in files]
    stories += [partial(history, tmp_path, RULES) for history in HISTORIES]
    unnoticed: Sequence[Mistake] = batch
    for story in stories:
        unnoticed = _unnoticed(story(), unnoticed, tmp_path)

    assert [str(mistake) for mistake in unnoticed] == []


def _notices_late(story: Path) -> tuple[int, int]:
    """Stories of most rules first, and among them the shortest: what they notice is not played any more."""
    suites = ("fleet", "collectors", "sources")
    suite = story.stem.rpartition("_")[0]
    return suites.index(suite) if suite in suites else len(suites), story.stat().st_size


@pytest.mark.needs("promtool")
def test_of_copies_only_those_with_a_mistake_are_noticed(tmp_path: Path) -> None:
    rule = next(rule for rule in rules() if rule.name == "zapi:thresholds_missing:since")
    none = Mistake(1, rule, Mutant("none", rule.expr))
    nothing = Mistake(2, rule, Mutant("nothing", f"({rule.expr}) < 0"))

    assert _unnoticed(RULE_TESTS / "thresholds_missing.yaml", [none, nothing], tmp_path) == [none]


def _unnoticed(story: Path, mistakes: Sequence[Mistake], place: Path) -> list[Mistake]:
    """Return the mistakes that a file of unit tests does not notice."""
    document = parse(story.read_text())
    paths = [story.parent / name for name in document["rule_files"]]
    texts = {path.name: path.read_text() for path in paths}
    files = frozenset(texts)
    played = [mistake for mistake in mistakes if mistake.reached(files)]
    while played:
        for name, text in texts.items():
            made = with_copies(text, name, played, files)
            (place / name).write_text(json.dumps(made))  # is YAML, and is written ten times as fast
        tests = with_checks_of_copies({**document, "rule_files": [*texts]}, played, files)
        (place / "tests.yaml").write_text(json.dumps(tests))
        outcome = promtool("test", "rules", place / "tests.yaml")
        if outcome.succeeded:
            break
        wrong = numbers_in(outcome.output)
        rest = [mistake for mistake in played if mistake.number not in wrong]
        assert len(rest) < len(played), outcome.output
        stopped = re.search(r"rule: \S+, time: .*, err: ", outcome.output)
        mistakes = [mistake for mistake in mistakes if mistake.number not in wrong]
        played = rest if stopped else []
    return list(mistakes)
