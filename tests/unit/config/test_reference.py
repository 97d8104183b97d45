"""The reference in the documents is that of the table of keys."""

import re
from pathlib import Path

import pytest

from exporter.config import reference
from exporter.config.keys import DOCUMENT, SECTIONS
from exporter.config.section import Section
from exporter.model.me_fields import WEBHOOK_FIELDS

DOCUMENTS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCUMENTS / "configuration.md").read_text(encoding="utf-8")
PORTUGUESE = (DOCUMENTS / "pt-BR" / "configuration.md").read_text(encoding="utf-8")
LANGUAGES = pytest.mark.parametrize("text", [REFERENCE, PORTUGUESE], ids=["en", "pt-BR"])


def test_the_committed_reference_is_that_of_the_table() -> None:
    assert reference.renewed(REFERENCE) == REFERENCE, (
        "run: python -m exporter.config.reference docs/configuration.md"
    )


@pytest.mark.parametrize("section", [DOCUMENT, *SECTIONS], ids=lambda section: section.title)
def test_every_key_is_in_the_reference_with_its_default(section: Section) -> None:
    heading = "The document" if section is DOCUMENT else f"`<{reference.notation(section)}>`"
    part = REFERENCE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    written = re.findall(r"^(\[ )?(\w+):(?:.*\| default = (.*) \])?", part, re.MULTILINE)
    assert [(key, not bracket, default or None) for bracket, key, default in written] == [
        (key.name, key.is_required, key.written_default()) for key in section.keys.values()
    ]


@LANGUAGES
def test_every_notation_is_explained(text: str) -> None:
    used = {f"<{name}>" for name in re.findall(r"<([a-z_]+)>", text)}
    explained = set(re.findall(r"^(?:## |\| )`(<[a-z_]+>)`", text, re.MULTILINE))
    assert used - explained == {"<hidden>"}


@LANGUAGES
def test_the_reference_names_every_webhook(text: str) -> None:
    row = next(line for line in text.splitlines() if line.startswith("| `<webhook>`"))
    assert set(re.findall(r"`(\w+)`", row)) == set(WEBHOOK_FIELDS)
