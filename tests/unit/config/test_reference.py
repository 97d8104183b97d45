"""The reference names every key of the configuration, its default, and no other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from exporter.model.poll_result import WEBHOOK_FIELDS

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "config.schema.json").read_text())
REFERENCE = (ROOT / "docs" / "configuration.md").read_text()
SECTIONS = {
    "The document": SCHEMA,
    **{f"`<{part['title'].lower()}>`": part for part in SCHEMA["$defs"].values()},
}


def grammar_under(heading: str) -> str:
    section = REFERENCE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return "".join(re.findall(r"```yaml\n(.*?)```", section, flags=re.DOTALL))


def keys_in_reference(heading: str) -> dict[str, str | None]:
    """Each key under a heading with the default it is said to have."""
    grammar = grammar_under(heading)
    found = re.findall(r"^(?:\[ )?(\w+):(?:.*\| default = (.*) \])?", grammar, flags=re.MULTILINE)
    return {key: default or None for key, default in found}


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_reference_has_the_keys_and_the_defaults_of_the_schema(heading: str) -> None:
    properties = SECTIONS[heading]["properties"]
    defaults = {key: schema.get("default") for key, schema in properties.items()}
    shown = {key: f"[{', '.join(d)}]" if isinstance(d, list) else d for key, d in defaults.items()}
    assert keys_in_reference(heading) == {k: None if d is None else str(d) for k, d in shown.items()}


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_reference_puts_in_brackets_what_may_be_left_out(heading: str) -> None:
    required = re.findall(r"^(\w+):", grammar_under(heading), flags=re.MULTILINE)
    assert required == SECTIONS[heading].get("required", [])


def test_the_reference_names_every_webhook() -> None:
    row = next(line for line in REFERENCE.splitlines() if line.startswith("| `<webhook>`"))
    assert set(re.findall(r"`(\w+)`", row)) == set(WEBHOOK_FIELDS)
