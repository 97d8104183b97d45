"""English and Portuguese documents stay in step: the same sections, snippets and numbers, and links to each other."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.shipped.docs.documents import ROOT, snippets

DOCS: Final = ROOT / "docs"
PORTUGUESE: Final = DOCS / "pt-BR"
ENGLISH_ONLY: Final = {"architecture.md", "benchmarks.md", "comparison.md", "multi-target.md", "scaling.md"}
"""What is for those who change the code, compare or plan for very many."""

NAMES: Final = sorted(file.name for file in DOCS.glob("*.md") if file.name not in ENGLISH_ONLY)
PAIRS: Final = {
    **{name: (DOCS / name, PORTUGUESE / name) for name in NAMES},
    "README.md": (ROOT / "README.md", ROOT / "README.pt-BR.md"),
    "SECURITY.md": (ROOT / "SECURITY.md", ROOT / "SECURITY.pt-BR.md"),
}
"""Name → the English document and the Portuguese one."""

BOTH: Final = pytest.mark.parametrize(("english", "portuguese"), PAIRS.values(), ids=PAIRS)


def levels(file: Path) -> list[int]:
    """How deep each heading is, in order."""
    text = re.sub(r"^ *```.*?^ *```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]


def shapes(file: Path) -> list[tuple[str, int]]:
    """The language of each snippet and how many lines it has without comments, which may be wrapped otherwise."""
    return [
        (each.language, sum(not line.lstrip().startswith("# ") for line in each.text.splitlines()))
        for each in snippets()
        if each.file == file
    ]


def numbers(file: Path) -> list[str]:
    """Every number but those in the addresses of links, without the signs between their digits."""
    text = re.sub(r"\]\([^)]*\)", "]", file.read_text(encoding="utf-8"))
    return sorted(re.sub("[.,]", "", number) for number in re.findall(r"\d[\d.,]*\d|\d", text))


def test_there_is_no_other_document_in_portuguese() -> None:
    assert sorted(file.name for file in PORTUGUESE.glob("*.md")) == NAMES


@BOTH
def test_both_languages_have_the_same_sections(english: Path, portuguese: Path) -> None:
    assert levels(portuguese) == levels(english)


@BOTH
def test_both_languages_have_the_same_snippets(english: Path, portuguese: Path) -> None:
    assert shapes(portuguese) == shapes(english)


@BOTH
def test_both_languages_name_the_same_numbers(english: Path, portuguese: Path) -> None:
    assert numbers(portuguese) == numbers(english)


@BOTH
def test_each_language_links_to_the_other_at_the_top(english: Path, portuguese: Path) -> None:
    there, back = (
        os.path.relpath(to, start.parent) for start, to in ((english, portuguese), (portuguese, english))
    )
    assert english.read_text(encoding="utf-8").splitlines()[1:4] == ["", f"[Português]({there})", ""]
    assert portuguese.read_text(encoding="utf-8").splitlines()[1:4] == ["", f"[English]({back})", ""]


def test_the_references_in_portuguese_are_up_to_date() -> None:
    """``docs/generate_portuguese.py`` writes them, once every text is in ``docs/pt-BR/reference.yaml``."""
    checked = subprocess.run(
        [sys.executable, "docs/generate_portuguese.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
