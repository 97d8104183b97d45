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
from tests.shipped.prometheus.mutants import Mutant, mutants
from tests.shipped.prometheus.rule_tests import at_once
from tests.shipped.prometheus.tools import RULE_TESTS, Rule, parse, promtool, rule_files, rules

_FAILING: Final = "collector:zapi_instance_collector_failing"
_ONLY_CHEAPER: Final = "What this leaves out is added to nothing."
_NEITHER: Final = "Where it is not told any more, it is 0 or not there."
_SOURCE: Final = "zapi_exporter_instance_source"

NO_MISTAKE: Final = (
    (
        r"name:zapi_instance_(phone_offline|phone_offline_critical|session_lost):alert",
        r"> → >= in .*:since > 0\) \+ clamp_max",
        "Where it is 0, there is no duration; vmalert sees that one evaluation later.",
    ),
    (r"ZapiInstanceQueue(Stuck|Full)", r"== → >= in .*:since == 0 unless", _NEITHER),
    (rf"job_{_FAILING}:ending", r"== → <= in .*:state == 1", "A state is 1 at least."),
    (
        rf"job_{_FAILING}:alert",
        r"(job|namespace), collector in .*:timestamp +and on",
        _ONLY_CHEAPER,
    ),
    (rf"name_{_FAILING}:now", r"^job, .*uccess:timestamp and on", _ONLY_CHEAPER),
    (rf"name_{_FAILING}:state", r"^job, .*(collected:now|sted:timestamp) +and on", _ONLY_CHEAPER),
    (rf"name_{_FAILING}:state", r"> → >= in .*since\[1h\]\) > 0", _ONLY_CHEAPER),
    (rf"name_{_FAILING}:state", r"3 → 4 in", "Only whether it is above 2 counts."),
    (rf"name_{_FAILING}:since", r"> → >= in .*since\[1h\]\) > 0\)? and", "What has ended has no state."),
    (rf"name_{_FAILING}:last", r"> → >= in", "A failure that begins anew does not look at the last."),
    (rf"name_{_FAILING}:seconds", r"> → >= in .*:since > 0", "What has ended has no last."),
    (
        r"name:zapi_instance_phone_offline:seconds",
        r"> → >= in .*:since > 0\) and",
        "What has ended has no alert.",
    ),
    (
        r"name:zapi_instance_phone_offline(_critical)?:alert",
        r"== → >= in .*:told\[1h\]\)\)",
        "What was told cannot have begun later than it did.",
    ),
    (
        r"name:zapi_instance_queue_waiting:since",
        r"(== → (!=|>=)|0 → 1) in .*queue_messages == 0",
        "What waits after an empty queue is younger than that.",
    ),
    (
        r"name:zapi_instance_queue_waiting:since",
        r"> → < in .*since\[1h\]\) > 0 \) and",
        "It is read back over an hour; meanwhile nothing is learned.",
    ),
    (
        r"name:zapi_instance_(queue_waiting|queue_stuck|queue_full|phone_offline):since",
        r"> → >= in .*since\[1[hd]\]\) > 0( \) and|\) +and on)",
        "What is 0 stays so.",
    ),
    (
        r"name:zapi_instance_queue_stuck:seconds",
        r"< → <= in|> → >= in .*:since > 0\) <",
        "Where both are the same either is right, and what is 0 is long ago.",
    ),
    (r"name:zapi_instance_queue:messages", r"^job, .*:messages\[1h\]", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_(webhook_|payment_)?noted:(good|last_success)",
        r"^job, namespace, name .*and on",
        _ONLY_CHEAPER,
    ),
    (r"name:zapi_instance_(webhook|payment)_noted:group", r"> → >= in .*since\[1h\]\) > 0", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_not_expired:seconds",
        r"and → unless in .*last_over_time\(name:zapi_instance_expiring_im",
        _ONLY_CHEAPER,
    ),
    (r"instance_name_id:zapi_instance_two_ids:now", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (r"name:zapi_instance_due:timestamp", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_due:timestamp",
        r"(< → <=|3600 → \d+) in .*< time\(\) \+ 3600",
        "An hour to spare is more than enough.",
    ),
    (r"name:zapi_instance_until_due:seconds", r"< → <=", "Alerts compare with what is less, or the same."),
    (
        r"name:zapi_instance_not_expired:seconds",
        r"> → >=",
        "What is exactly at it takes no part unless it was told before.",
    ),
    (
        r"name:zapi_instance_expiring_(soon|imminently):alert",
        r"0 → 1 in .* 0 +\) / 100",
        "Less than 100 seconds are none.",
    ),
    (r"name:zapi_instance_renewed:timestamp", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_renewed:timestamp",
        r"> → >= in .*> time\(\)",
        "A date is seldom this very second.",
    ),
    (
        r"ZapiInstance(ExpiringSoon|ExpiringImminently|Expired)",
        r"(1 → 0|< → <=) in .*:ended \+ 1 <",
        "A date that is another differs by more than a second.",
    ),
    (
        r"name:zapi_instance_(unpaid:due|(payment|due)_unknown:alert)",
        r"> → >= in .*:since > 0\)",
        "What has ended is added to nothing, in one of the two or the other.",
    ),
    (r"name:zapi_instance_unpaid:since", r"0 → 1 in .*0 \* name:zapi_instance_unp", "It is 0 itself."),
    (r"name_status:zapi_instance_unpaid:now", r"== → <= in .*_payment_status == 1", "It is always 1."),
    (r"name_status:zapi_instance_unpaid:now", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (
        r"name_status:zapi_instance_unpaid:alert",
        r"0 → 1 in .*0 \* name_status",
        "A text gives minutes, not seconds.",
    ),
    (
        r"name_webhook:zapi_instance_webhook_unexpected:kind",
        r"^job, namespace, name, webhook .*and on",
        _ONLY_CHEAPER,
    ),
    (
        r"name_webhook:zapi_instance_webhook_unexpected:(kind|due)",
        r"> → >= in .*:since > 0",
        "What has ended is not due, or has no kind.",
    ),
    (
        r"name_webhook:zapi_instance_webhook_missing:alert",
        r"== → <= in .*:kind == 1",
        "A kind is 1 at least.",
    ),
    (r"name_webhook:zapi_instance_webhook_other:alert", r"== → >= in .*:kind == 3", "A kind is 3 at most."),
    (
        r"ZapiInstanceWebhook(Missing|Muted|Unexpected)",
        r"== → >= in .*:since == 0 and",
        "Where an exporter finds it as expected, it is 0.",
    ),
    (
        r"ZapiInstanceWebhook(Missing|Muted|Unexpected)",
        r"== → <= in .*_as_expected == 1",
        "Where it is 0, an exporter finds it as expected, or it is not expected.",
    ),
    (
        r"name_webhook:zapi_instance_webhook_unexpected:since",
        r"> → >= in .*since\[1h\]\) > 0 ?\) +(and ignoring|unless)",
        "What is 0 stays so.",
    ),
    (
        rf"job_instance_source:{_SOURCE}_(failing|skipped):timestamp",
        r"(> → >=|0 → 1) in .*\[1h\]\) > 0\)",
        "A time is above 1, and what is 0 stays so.",
    ),
    (
        rf"job_source:{_SOURCE}_(failing|skipped):since",
        r"> → >= in .*since\[1d\]\) > 0 ?\)",
        "What is 0 stays so.",
    ),
    (rf"job_source:{_SOURCE}_(failing|skipped):since", r"0 → 1 in .*:timestamp > 0\)", "A time is above 1."),
    (rf"job_source:{_SOURCE}_failing:seconds", r"> → >= in .*:since > 0", "What has ended has no instances."),
    (rf"job_source:{_SOURCE}:instances", r"> → >= in .*:since > 0", "What has ended has no seconds."),
    (
        rf"job_source:{_SOURCE}_skipped:(instances|alert)",
        r"> → >= in .*:since > 0",
        "What has ended is added to nothing, in one of the two or the other.",
    ),
)
"""Mutants that behave as the rule does: patterns of the rule's name and of the mistake, and why."""

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
            if str(number)[-1] in numbers and not _is_harmless(rule, mutant):
                yield Mistake(rule, mutant, readers)
            number += 1


def _is_harmless(rule: Rule, mutant: Mutant) -> bool:
    return any(
        re.fullmatch(name, rule.name) and re.search(mistake, mutant.mistake)
        for name, mistake, _ in NO_MISTAKE
    )


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
