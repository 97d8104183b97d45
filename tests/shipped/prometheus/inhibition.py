"""What Alertmanager's ``inhibit_rules`` mean, as far as the example uses them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Labels = Mapping[str, str]


def inhibits(rules: Sequence[Mapping[str, Any]], source: Labels, target: Labels) -> bool:
    """Whether a firing alert with labels ``source`` silences one with labels ``target``."""
    return any(
        _matches(rule["source_matchers"], source)
        and _matches(rule["target_matchers"], target)
        and all(source.get(label, "") == target.get(label, "") for label in rule.get("equal", ()))
        for rule in rules
    )


def _matches(matchers: Sequence[str], labels: Labels) -> bool:
    return all(_match(matcher, labels) for matcher in matchers)


def _match(matcher: str, labels: Labels) -> bool:
    parsed = re.fullmatch(r'(\w+)(=~|=)"([^"]*)"', matcher)
    if parsed is None:
        raise AssertionError(f'{matcher}: only label="value" and label=~"pattern" are understood here')
    label, operator, value = parsed.groups()
    if operator == "=":
        return labels.get(label, "") == value
    return re.fullmatch(value, labels.get(label, "")) is not None
