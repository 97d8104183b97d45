import ast
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import exporter
from exporter.model.poll_result import Reason
from exporter.web.status_page.diagnosis import Problem, WebhookState
from exporter.web.status_page.query import Show
from exporter.web.status_page.texts import Texts, texts_for
from exporter.zapi.failures import CERTIFICATE_PROBLEMS
from tests.unit.web.status_page.fleets import ENGLISH, PORTUGUESE

BOTH = pytest.mark.parametrize("texts", [ENGLISH, PORTUGUESE], ids=lambda texts: texts.tag)
ROOT = Path(exporter.__file__).parent
_CERTIFICATE_PROBLEMS = {*CERTIFICATE_PROBLEMS.values(), "is not valid"}


@BOTH
def test_every_reason_has_a_sentence_and_a_remedy(texts: Texts) -> None:
    assert set(texts.reasons) == set(Reason)
    for advice in texts.reasons.values():
        assert advice.sentence.endswith(".")
        assert advice.remedy.endswith(".")


@BOTH
def test_every_problem_filter_and_webhook_state_has_its_words(texts: Texts) -> None:
    assert set(texts.problems) == set(Problem) - {Problem.UNREACHABLE}  # which has the words of its reason
    assert set(texts.filters) == set(Show)
    assert set(texts.webhooks) == set(WebhookState)


def test_both_languages_fill_in_the_same() -> None:
    files = (ROOT / f"web/status_page/locales/{tag}.json" for tag in ("en", "pt-BR"))
    english, portuguese = (
        dict(_leaves({**json.loads(file.read_text(encoding="utf-8")), "details": {}})) for file in files
    )
    assert english.keys() == portuguese.keys()
    for place, text in english.items():
        assert text != portuguese[place] or not place.startswith((".problems", ".reasons")), place
        assert _holes(text) == _holes(portuguese[place]), place
        assert sorted(re.findall("`.+?`", text)) == sorted(re.findall("`.+?`", portuguese[place])), place


def test_every_detail_of_a_failure_is_translated() -> None:
    rooms = ("zapi", "poller", "discovery")
    files = [ROOT / "model/poll_result.py", *(file for room in rooms for file in (ROOT / room).glob("*.py"))]
    said = {detail for file in files for detail in _details(file)}
    assert len(said) > 20
    assert said == set(PORTUGUESE.details)
    for detail, translated in PORTUGUESE.details.items():
        assert _holes(detail) == _holes(translated)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("pt-BR", "pt-BR"),
        ("pt", "pt-BR"),
        ("PT-pt", "pt-BR"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("en-US,en;q=0.9,pt-BR;q=0.8", "en"),
        ("en;q=0.5, pt;q=0.7", "pt-BR"),
        ("de, pt;q=0.3", "pt-BR"),
        ("de, fr;q=0.3", "en"),
        ("pt;q=0", "en"),
        ("pt ; q=0.2, en;q=0.1", "pt-BR"),
        ("*, pt;q=0.5", "en"),
        ("pt, *;q=0.1", "pt-BR"),
        ("en, pt;q=1.9", "en"),
        ("portuguese, ptx, ;;;, pt;q=2x, pt;q=nan", "en"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best(header: str, tag: str) -> None:
    assert texts_for(header).tag == tag


def _details(path: Path) -> Iterator[str]:
    """What the code says in place of a failure's detail, with {n} for a number filled in.

    It is an argument of a failure, or what a function of ``failures.py`` whose name ends in ``_problem`` returns.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first, second = node.args[:1], node.args[1:2]
            for argument in {"Failure": second, "invalid_reply": first, "_Incomplete": first}.get(
                node.func.id, []
            ):
                yield from _texts(argument)
        if (
            path.name == "failures.py"
            and isinstance(node, ast.FunctionDef)
            and node.name.endswith("_problem")
        ):
            for statement in ast.walk(node):
                if isinstance(statement, ast.Return) and statement.value is not None:
                    yield from _texts(statement.value)


def _texts(node: ast.expr) -> Iterator[str]:
    """Every text that an expression may give."""
    if isinstance(node, ast.Constant):
        yield re.sub(r"(?<=HTTP )\d{3}", "{n}", str(node.value))
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.JoinedStr):
        yield from map("".join, product(*(list(_texts(part)) for part in node.values)))
    elif isinstance(node, ast.FormattedValue):
        is_problem = isinstance(node.value, ast.Name) and node.value.id == "problem"
        choice = isinstance(node.value, ast.IfExp)
        yield from _CERTIFICATE_PROBLEMS if is_problem else _texts(node.value) if choice else ("{n}",)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a file, with where it stands."""
    if isinstance(value, str):
        yield place, value
    else:
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}")


def _holes(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
