"""The JSON Schema and the reference are those of the table of keys, and the loader agrees with the schema."""

import json
import re
import subprocess
import sys
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

from exporter.config import reference, schema
from exporter.config.keys import DOCUMENT, SECTIONS
from exporter.config.section import Section
from exporter.model.me_fields import WEBHOOK_FIELDS
from tests.unit.config.documents import MINIMAL, problems_of

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "config.schema.json").read_text())

INSTANCE: dict[str, Any] = yaml.safe_load(MINIMAL)["instances"][0]
URL = "https://a.example"
GOOD: list[dict[str, Any]] = [
    {},
    {"api": None, "polling": None, "defaults": {"labels": None, "expected_webhooks": None}},
    {"api": {"base_url": "http://[::1]:80/x", "timeout": "1m30s", "client_token": "C"}},
    {"api": {"timeout": "1d", "base_url": "http://a:65535"}},
    {"api": {"timeout": "1ms", "base_url": "http://a:1"}},
    {"api": {"timeout": "${T:-5s}", "base_url": "${URL:-https://z.example}"}},
    {"polling": {"interval": "1y", "stale_after": "1y", "concurrency": 1, "probe_max_age": "1d"}},
    {"polling": {"interval": "1h", "stale_after": "2h", "concurrency": 1024, "probe_max_age": "0s"}},
    {"polling": {"interval": "100ms", "concurrency": "8"}},
    {"polling": {"concurrency": "${N:-8}"}},
    {"payment": {"paid_statuses": ["paid", "PAGO"], "unpaid_statuses": []}},
    {"defaults": {"labels": {"team": "", "_x": "y", "Zone9": "z", "le_": "", "a" * 300: ""}}},
    {"defaults": {"expected_webhooks": {"received": {"url_file": "LICENSE-URL"}}}},
    {"defaults": {"expected_webhooks": {"received": URL, "delivery": "http://a.example", "connected": None}}},
    {"defaults": {"expected_webhooks": ["received", "${HOOK:-delivery}"]}},
    {"instances": [{"name": "漢\n", "id": "0123", "token": "yes", "client_token": "C"}]},
    {"instances": [{**INSTANCE, "name": "v" * 200}]},
    {"accounts": [{"name": "matriz", "partner_token": "P"}]},
    {"x-anchors": [{"any": "thing"}], "x-": 1},
]
WRONG_KEYS: list[dict[str, Any]] = [
    *({"name": name} for name in ("", "v" * 201)),
    *({"id": one} for one in (123, "A 1", "https://api.z-api.io/instances/A")),
    *({"token": True}, {"token_file": "pyproject.toml"}),
]
WRONG: dict[tuple[str, ...], list[Any]] = {
    ("poling",): [{}],
    ("x_anchors",): [{}],
    ("api",): [[], "x", {"uri": "x"}, {"client_token": "C", "client_token_file": "pyproject.toml"}],
    ("api", "timeout"): [10, None, "10", "1s1m"],
    ("api", "base_url"): ["ftp://a", "https://u@a", "https://api.z-api.io/instances/A/token/B"],
    ("api", "client_token"): ["", "a b"],
    ("api", "ca_file"): [" "],
    ("polling", "probe_max_age"): ["2d1h1"],
    ("polling", "concurrency"): [0, 1025, True, "010"],
    ("payment", "paid_statuses"): [[], "paid", [""], [1]],
    ("payment", "unpaid_statuses"): ["unpaid", [""]],
    ("defaults", "client_token"): ["C"],
    ("defaults", "labels"): [{"job": "x"}, {"__a": "x"}, {"a-b": "x"}, {"team": 1}, ["team"]],
    ("defaults", "expected_webhooks"): [["recieved"], "received", {"recieved": URL}],
    ("defaults", "expected_webhooks", "received"): ["a.example", {}, {"url": URL}],
    ("accounts",): [[], {}, None, ["matriz"]],
    ("instances",): [
        *([], {}, None, ["a"]),
        *([{**INSTANCE, **wrong}] for wrong in WRONG_KEYS),
        *([{key: INSTANCE[key] for key in INSTANCE if key != missing}] for missing in INSTANCE),
    ],
}
BAD = [
    reduce(lambda inner, key: {key: inner}, reversed(path), value)
    for path, values in WRONG.items()
    for value in values
]


def test_the_committed_schema_is_that_of_the_models() -> None:
    command = [sys.executable, "-W", "error", "-m", "exporter.config.schema"]
    printed = subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout
    assert printed == schema.text().encode() == (ROOT / "config.schema.json").read_bytes()


def test_the_example_names_the_schema_and_keeps_to_it() -> None:
    text = (ROOT / "config.example.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=./config.schema.json\n")
    Draft202012Validator(SCHEMA).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("document", "is_good"), [*((each, True) for each in GOOD), *((each, False) for each in BAD)], ids=str
)
def test_the_schema_and_the_loader_agree(tmp_path: Path, document: dict[str, Any], is_good: bool) -> None:
    whole = {"instances": [INSTANCE], **document}
    (tmp_path / "LICENSE-URL").write_text("https://a.example/hook")
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True))
    assert Draft202012Validator(SCHEMA).is_valid(whole) is is_good
    assert (not problems_of(file, {})) is is_good


def test_every_key_has_a_description_and_an_example_that_is_valid() -> None:
    for section in [SCHEMA, *SCHEMA["$defs"].values()]:
        for key, part in section["properties"].items():
            assert part["description"], key
            for example in part.get("examples", []):
                assert Draft202012Validator({**part, "$defs": SCHEMA["$defs"]}).is_valid(example), key
        assert section["additionalProperties"] is False


REFERENCE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
PORTUGUESE = (ROOT / "docs/pt-BR/configuration.md").read_text(encoding="utf-8")
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
        (key.name, key.is_required, reference.written_default(key)) for key in section.keys.values()
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
