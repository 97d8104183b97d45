"""The documents, and the snippets in them."""

import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
INSTALL: Final = ROOT / "docs" / "install.md"
GRAMMARS: Final = (ROOT / "docs" / "configuration.md", ROOT / "docs" / "pt-BR" / "configuration.md")
"""Their YAML has placeholders; tests/unit/config holds it against the table of keys."""

_SNIPPET: Final = re.compile(r"^( *)```([\w-]*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fenced block: where it begins, its language, its text."""

    file: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


@functools.cache
def documents() -> tuple[Path, ...]:
    """Every document, but for what tools keep in hidden folders."""
    found: list[Path] = []
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [name for name in inner if not name.startswith((".", "node_modules", "build", "dist"))]
        found += [Path(folder, name) for name in files if name.endswith(".md") and not name.startswith(".")]
    return tuple(sorted(found))


def snippets(*languages: str) -> list[Snippet]:
    """All snippets in one of the languages; all of them without any."""
    return [each for each in _all_snippets() if not languages or each.language in languages]


@functools.cache
def _all_snippets() -> tuple[Snippet, ...]:
    return tuple(each for file in documents() for each in _of(file))


def _of(file: Path) -> Iterator[Snippet]:
    text = file.read_text(encoding="utf-8")
    for found in _SNIPPET.finditer(text):
        indent, language, body = found.groups()
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        yield Snippet(file, text.count("\n", 0, found.start()) + 1, language, "\n".join(lines) + "\n")


def lines(section: str) -> list[str]:
    """The commands of a section of :data:`INSTALL`, continued ones joined."""
    text = INSTALL.read_text(encoding="utf-8")
    (snippet,) = re.findall(rf"^## {section}\n.*?^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(snippet).replace("\\\n", " ").splitlines()
