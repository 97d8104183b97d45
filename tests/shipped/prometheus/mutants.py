"""Small mistakes in a rule: a comparison, a number, a duration or a matching that is a little off."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARISONS: Final = {
    "==": ("!=", "<=", ">="),
    "!=": ("==",),
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
}
_SETS: Final = {"and": ("unless",), "unless": ("and",), "or": ("unless",)}
_SAME_FOR_A_BOOLEAN: Final = {"== 0": "<= 0", "== 1": ">= 1"}
"""A series that is 0 or 1 makes no difference between these, so they are no mistake."""
_SINCE: Final = re.compile(r":since(?:\[1[hd]\]\))? > $")
"""A time is 0 or far above 1: `> 1` is no mistake."""

_LIMIT: Final = "99999"
"""The most that fits behind the point of a value: ``test_rules`` looks at each, and no story has as much."""

_SECONDS: Final = {"s": 1, "m": 60}
"""Units of durations. A look-back of hours or days bridges a pause of Prometheus, and promtool plays none that long."""
_QUOTED: Final = re.compile(r'"[^"]*"')
_TOKEN: Final = re.compile(
    r"(?P<comparison>[<>=!]=|[<>])"
    r"|(?P<set>\b(?:and|or|unless)\b)"
    r"|(?P<duration>(?<![\w.:])\d+[sm](?!\w))"
    r"|(?P<number>(?<![\w.:])\d+(?:\.\d+)?(?![\w.:]))"
    r"|\b(?:on|by) \((?P<labels>[^)]*)\)"
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """An expression with one mistake; ``mistake`` says which."""

    mistake: str
    expr: str


def mutants(expr: str) -> Iterator[Mutant]:
    """Every mutant of a rule's expression; ``test_rules`` refuses ``for`` and ``keep_firing_for``."""
    hidden = _QUOTED.sub(lambda match: '"' + "_" * (len(match[0]) - 2) + '"', expr)
    hidden = re.sub(r"\{[^}]*\}", lambda match: "_" * len(match[0]), hidden)
    for match in _TOKEN.finditer(hidden):
        kind = match.lastgroup or ""
        start, end = match.span(kind)
        for replacement in _replacements(kind, expr[start:end]):
            mutated = expr[:start] + replacement + expr[end:]
            if (
                _SAME_FOR_A_BOOLEAN.get(expr[start : end + 2])
                == mutated[start : start + len(replacement) + 2]
            ):
                continue
            if expr[start:end] == _LIMIT:
                continue
            if replacement == "1" and _SINCE.search(expr[:start]):
                continue
            around = expr[max(0, start - 25) : end + 25].replace("\n", " ")
            yield Mutant(f"{expr[start:end]} → {replacement} in …{around}…", mutated)


def _replacements(kind: str, text: str) -> Iterator[str]:
    if kind == "comparison":
        yield from _COMPARISONS[text]
    elif kind == "set":
        yield from _SETS[text]
    elif kind == "duration":
        yield from _nearby_durations(text)
    elif kind == "number":
        yield from _nearby_numbers(float(text))
    else:
        labels = [label.strip() for label in text.split(",") if label.strip()]
        for left_out in labels:
            yield ", ".join(label for label in labels if label != left_out)


def _nearby_durations(text: str) -> Iterator[str]:
    """One minute less and one more: the interval at which the rule tests evaluate."""
    seconds = int(text[:-1]) * _SECONDS[text[-1]]
    if seconds > 60:
        yield f"{seconds - 60}s"
    yield f"{seconds + 60}s"


def _nearby_numbers(number: float) -> Iterator[str]:
    """A tenth less and more, but at least a whole one, or the minute between two polls in the tests."""
    if number in (0, 1):
        yield str(1 - int(number))
    elif number == int(number):
        step = 1 if number < 20 else max(60, number // 10)
        yield f"{number - step:.0f}"
        yield f"{number + step:.0f}"
    else:
        yield f"{number * 0.9:g}"
        yield f"{number * 1.1:g}"
