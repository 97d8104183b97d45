"""Rules beside copies of them with a mistake each, so that one evaluation of all rules plays many mistakes.

A mistake reaches the rule that has it, and whatever reads that rule. All of these are copied; a copy reads the copies.
A copy of an alert has to fire where the alert itself does, and to say what the unit tests expect of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.shipped.prometheus.mutants import Mutant
from tests.shipped.prometheus.tools import Rule, parse, rules

_ASK_WHETHER_THRESHOLDS_ARE_THERE: Final = frozenset(
    {"zapi:thresholds_missing:since", "ZapiThresholdsMissing"}
)
"""These read all of them, and no value."""

_RECORDED: Final = re.compile(r"\w+:[\w:]+")
_ALERTS: Final = re.compile(r"by \(([^)]*)\) \(ALERTS(?:\{([^}]*)\})?\)")
_ALERTNAME: Final = re.compile(r'alertname(!?)="([^"]*)"')
_OF_COPIES: Final = 'alertname=~".+__.+"'
_NUMBER: Final = re.compile(r"__(\d+)\b|\bmutant=\"(\d+)\"")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A rule with a mistake, and the number by which its copies are told apart."""

    number: int
    rule: Rule
    mutant: Mutant

    def __str__(self) -> str:
        return f"{self.rule.file.name}: {self.rule.name}: {self.mutant.mistake}"

    def reached(self, files: frozenset[str]) -> frozenset[str]:
        """Names of the rules in ``files`` that this mistake can change; none if its own file is not among them."""
        if self.rule.file.name not in files:
            return frozenset()
        reached = _reached(self.rule.name, files)
        is_threshold = self.rule.file.name == "thresholds.yaml"
        return reached - _ASK_WHETHER_THRESHOLDS_ARE_THERE if is_threshold else reached


@cache
def _reached(name: str, files: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    names = [name]
    while names:
        one = names.pop()
        if one not in found:
            found.add(one)
            names += _readers(files).get(one, ())
    return frozenset(found)


@cache
def _readers(files: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """What is recorded → the names of the rules that read it, in their expression or in their texts."""
    readers: dict[str, set[str]] = {}
    for rule in rules():
        if rule.file.name in files:
            for name in _RECORDED.findall(_text(rule.body)):
                readers.setdefault(name, set()).add(rule.name)
    return {name: frozenset(those) for name, those in readers.items()}


def _text(body: Mapping[str, Any]) -> str:
    return "\n".join([str(body["expr"]), *body.get("annotations", {}).values()])


def with_copies(text: str, file: str, mistakes: Sequence[Mistake], files: frozenset[str]) -> dict[str, Any]:
    """Return the rules of ``file``, whose content is ``text``: each with its copies behind it.

    ``files`` are the names of all files that are evaluated together.
    """
    document: dict[str, Any] = parse(text)
    reached = [(mistake, mistake.reached(files)) for mistake in mistakes]
    for number, group in enumerate(document["groups"]):
        group["rules"] = [
            each
            for position, body in enumerate(group["rules"])
            for each in (body, *_copies(body, (file, number, position), reached))
        ]
    return document


def _copies(
    body: dict[str, Any], place: tuple[str, int, int], reached: Iterable[tuple[Mistake, frozenset[str]]]
) -> list[dict[str, Any]]:
    name = str(body.get("alert") or body["record"])
    copies = []
    for mistake, names in reached:
        if name in names:
            rule = mistake.rule
            is_wrong = place == (rule.file.name, rule.group, rule.position)
            expr = mistake.mutant.expr if is_wrong else str(body["expr"])
            copies.append(_copy({**body, "expr": expr}, names, mistake.number))
    return copies


def _copy(body: dict[str, Any], names: frozenset[str], number: int) -> dict[str, Any]:
    def renamed(text: str) -> str:
        return _RECORDED.sub(lambda match: _name(match[0], number) if match[0] in names else match[0], text)

    key = "alert" if "alert" in body else "record"
    copy = {**body, key: _name(body[key], number), "expr": renamed(body["expr"])}
    if "annotations" in body:
        copy["annotations"] = {name: renamed(text) for name, text in body["annotations"].items()}
    return copy


def _name(name: str, number: int) -> str:
    return f"{name}__{number}"


def with_checks_of_copies(
    document: Mapping[str, Any], mistakes: Sequence[Mistake], files: frozenset[str]
) -> dict[str, Any]:
    """Return a document of unit tests that checks the copies by what it checks of the alerts themselves."""
    copied = [(name, mistake.number) for mistake in mistakes for name in sorted(mistake.reached(files))]
    return {**document, "tests": [_with_checks(test, copied) for test in document["tests"]]}


def _with_checks(test: Mapping[str, Any], copied: Sequence[tuple[str, int]]) -> dict[str, Any]:
    seconds = max(int(check["eval_time"].removesuffix("s")) for check in test["promql_expr_test"])
    scrapes = seconds // int(test["interval"].removesuffix("s"))
    is_copied = [
        {"series": f'mutant:alerts{{alertname="{name}", mutant="{number}"}}', "values": f"1x{scrapes}"}
        for name, number in copied
        if name.startswith("Zapi")
    ]
    numbers: dict[str, list[int]] = {}
    for name, number in copied:
        numbers.setdefault(name, []).append(number)
    return {
        **test,
        "input_series": [*test["input_series"], *is_copied],
        "promql_expr_test": [
            {"expr": _difference(check["expr"]), "eval_time": check["eval_time"], "exp_samples": []}
            for check in test["promql_expr_test"]
        ],
        "alert_rule_test": [
            {**check, "alertname": _name(check["alertname"], number)}
            for check in test.get("alert_rule_test", ())
            for number in numbers.get(check["alertname"], ())
        ],
    }


@cache
def _difference(query: str) -> str:
    """A query whose result is empty where copies are as ``query`` finds the alerts, or where it finds no series."""
    if "ALERTS" not in query:
        return query.replace('"}', '__.+"}')
    its_own = _ALERTS.sub(lambda match: _selected(match[1], match[2] or "", copies=False), query)
    copies = _ALERTS.sub(lambda match: _selected(match[1], match[2] or "", copies=True), query)
    return (
        f"(({copies}) unless ignoring (mutant) ({its_own}))"
        f" or (({copies}) != ignoring (mutant) group_left () ({its_own}))"
        f" or ((count by (mutant, alertname) ({copies}) or 0 * mutant:alerts)"
        f" != on (alertname) group_left ()"
        f" (count by (alertname) ({its_own}) or 0 * group by (alertname) (mutant:alerts)))"
    )


def _selected(labels: str, matchers: str, *, copies: bool) -> str:
    """Aggregate the alerts, or the copies by the alert's name and the number of the mistake."""
    if not copies:
        return f"by ({labels}) (ALERTS{{{_joined(matchers, _OF_COPIES.replace('=~', '!~'))}}})"
    named = _ALERTNAME.sub(lambda match: f'alertname{match[1] or "="}~"{match[2]}__.+"', matchers)
    series = f"ALERTS{{{_joined(named, _OF_COPIES)}}}"
    series = f'label_replace({series}, "mutant", "$1", "alertname", ".+__(.+)")'
    return f'by (mutant, {labels}) (label_replace({series}, "alertname", "$1", "alertname", "(.+)__.+"))'


def _joined(matchers: str, another: str) -> str:
    return f"{matchers}, {another}" if matchers else another


def numbers_in(output: str) -> frozenset[int]:
    """The numbers of the mistakes that promtool names in what it prints."""
    return frozenset(int(one or other) for one, other in _NUMBER.findall(output))
