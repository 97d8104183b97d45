"""The JSON Schema is the models', and an editor that uses it agrees with the loader."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

from exporter.config import schema
from tests.unit.config.documents import MINIMAL, problems_of

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "config.schema.json").read_text())

WITH_INSTANCE = yaml.safe_load(MINIMAL)["instances"][0]
GOOD: list[dict[str, Any]] = [
    {},
    {"api": None, "polling": None, "defaults": {"labels": None, "expected_webhooks": None}},
    {"api": {"base_url": "http://[::1]:80/x", "timeout": "1m30s", "client_token": "C"}},
    {"api": {"timeout": "1d", "base_url": "http://a:65535"}},
    {"api": {"timeout": "1ms", "base_url": "http://a:1"}},
    {"polling": {"interval": "1y", "stale_after": "1y", "concurrency": 1, "probe_max_age": "1d"}},
    {"polling": {"interval": "100ms"}},
    {"instances": [{"name": "v" * 200, "id": "A", "token": "T"}]},
    {"api": {"timeout": "${T:-5s}", "base_url": "${URL:-https://z.example}"}},
    {"polling": {"interval": "1h", "stale_after": "2h", "concurrency": 1024, "probe_max_age": "0s"}},
    {"x-anchors": [{"any": "thing"}], "x-": 1},
    {"defaults": {"expected_webhooks": {"received": {"url_file": "LICENSE-URL"}}}},
    {"polling": {"concurrency": "${N:-8}"}},
    {"polling": {"concurrency": "8"}},
    {"payment": {"paid_statuses": ["paid", "PAGO"], "unpaid_statuses": []}},
    {"defaults": {"labels": {"team": "", "_x": "y"}, "expected_webhooks": ["received"]}},
    {"defaults": {"expected_webhooks": {"received": "https://a.example", "delivery": None}}},
    {"defaults": {"expected_webhooks": ["${HOOK:-received}"]}},
    {"instances": [{"name": "漢\n", "id": "0123", "token": "yes", "client_token": "C"}]},
    {"accounts": [{"name": "matriz", "partner_token": "P"}]},
]
BAD: list[dict[str, Any]] = [
    {"poling": {}},
    {"api": []},
    {"api": "x"},
    {"api": {"uri": "x"}},
    {"api": {"timeout": 10}},
    {"api": {"timeout": None}},
    {"api": {"timeout": "10"}},
    {"api": {"timeout": "1s1m"}},
    {"api": {"base_url": "ftp://a"}},
    {"api": {"base_url": "https://u@a"}},
    {"api": {"base_url": "https://api.z-api.io/instances/A/token/B"}},
    {"polling": {"probe_max_age": "2d1h1"}},
    {"defaults": {"expected_webhooks": {"received": {}}}},
    {"defaults": {"expected_webhooks": {"received": {"url": "https://a.example"}}}},
    {"instances": [{"name": "a", "id": "https://api.z-api.io/instances/A", "token": "T"}]},
    {"x_anchors": {}},
    {"api": {"client_token": ""}},
    {"api": {"client_token": "a b"}},
    {"api": {"client_token": "C", "client_token_file": "pyproject.toml"}},
    {"api": {"ca_file": " "}},
    {"polling": {"concurrency": 0}},
    {"polling": {"concurrency": 1025}},
    {"polling": {"concurrency": True}},
    {"polling": {"concurrency": "010"}},
    {"payment": {"paid_statuses": []}},
    {"payment": {"paid_statuses": "paid"}},
    {"payment": {"paid_statuses": [""]}},
    {"payment": {"paid_statuses": [1]}},
    {"payment": {"unpaid_statuses": "unpaid"}},
    {"payment": {"unpaid_statuses": [""]}},
    {"defaults": {"labels": {"job": "x"}}},
    {"defaults": {"labels": {"__a": "x"}}},
    {"defaults": {"labels": {"a-b": "x"}}},
    {"defaults": {"labels": {"team": 1}}},
    {"defaults": {"labels": ["team"]}},
    {"defaults": {"expected_webhooks": ["recieved"]}},
    {"defaults": {"expected_webhooks": "received"}},
    {"defaults": {"expected_webhooks": {"recieved": "https://a.example"}}},
    {"defaults": {"expected_webhooks": {"received": "a.example"}}},
    {"defaults": {"client_token": "C"}},
    {"accounts": []},
    {"accounts": {}},
    {"accounts": None},
    {"accounts": ["matriz"]},
    {"instances": []},
    {"instances": {}},
    {"instances": None},
    {"instances": ["a"]},
    {"instances": [{"id": "A", "token": "T"}]},
    {"instances": [{"name": "a", "token": "T"}]},
    {"instances": [{"name": "a", "id": "A"}]},
    {"instances": [{"name": "a", "id": "A", "token": "T", "token_file": "pyproject.toml"}]},
    {"instances": [{"name": "", "id": "A", "token": "T"}]},
    {"instances": [{"name": "v" * 201, "id": "A", "token": "T"}]},
    {"instances": [{"name": "a", "id": 123, "token": "T"}]},
    {"instances": [{"name": "a", "id": "A 1", "token": "T"}]},
    {"instances": [{"name": "a", "id": "A", "token": True}]},
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
    whole = {"instances": [WITH_INSTANCE], **document}
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
