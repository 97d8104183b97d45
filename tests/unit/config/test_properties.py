"""Whatever a file holds, loading it gives a configuration or problems, and no problem shows a secret."""

import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.load import load
from exporter.config.problem import InvalidConfig
from tests.counting import calls_of
from tests.unit.config.documents import MINIMAL

CANARY = "c4n4ry"
KEYS = (
    *("api", "polling", "payment", "defaults", "instances", "name", "id", "token", "token_file", "labels"),
    *("client_token", "client_token_file", "base_url", "timeout", "interval", "concurrency", "stale_after"),
    *("paid_statuses", "expected_webhooks", "received", "recieved", "ca_file", "team", "job", "<<", ""),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.text(max_size=20),
    st.sampled_from(["10s", "https://a.example", "${CANARY}", "${CANARY}:${GONE}", "${", "received", "A1"]),
    st.sampled_from(
        [f"https://user:{CANARY}@host/?{CANARY}#", f"{CANARY} {CANARY}", f"{CANARY}\n", f"{CANARY}é漢"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)
SECTIONS = st.fixed_dictionaries(
    {"instances": st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=7), max_size=4)},
    optional={key: st.dictionaries(st.sampled_from(KEYS), VALUES) for key in KEYS[:4]},
)
ENVIRON = {"CANARY": CANARY}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "any.yaml"


def shown(file: Path, content: bytes) -> str:
    """All that a person sees of a file: nothing if it is good."""
    file.write_bytes(content)
    try:
        load(file, ENVIRON)
    except InvalidConfig as error:
        refusal = error
    else:
        return ""
    assert refusal.problems
    assert all(problem.line >= 1 and problem.message for problem in refusal.problems)
    return "".join(traceback.format_exception(refusal))


@given(content=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_refused_in_our_own_words(file: Path, content: bytes) -> None:
    assert shown(file, content)


@given(text=st.text(alphabet="{}[]:,-&*!|>'\"%@`#?<=~. \n\tab1$", max_size=60))
def test_any_yaml_punctuation_is_refused_in_our_own_words(file: Path, text: str) -> None:
    assert shown(file, text.encode())


@given(document=SECTIONS | VALUES)
def test_any_document_is_taken_or_refused_without_showing_a_secret(file: Path, document: Any) -> None:
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    assert CANARY not in shown(file, text.encode("utf-8", "replace"))


@given(
    before=st.sampled_from(
        ["", "*", "&", "!", "@", "%", "`", "'", '"', "{", "[", "|", ">", "? ", "- ", '"\\q']
    )
)
def test_a_secret_that_breaks_the_syntax_is_not_shown(file: Path, before: str) -> None:
    broken = MINIMAL.replace("token: T1", f"token: {before}{CANARY}\n   x: {CANARY}")
    assert CANARY not in shown(file, broken.encode())


def test_thousands_of_instances_cost_in_proportion(file: Path) -> None:
    def calls(count: int) -> int:
        instances = "".join(
            f"  - name: vendas {i}\n    id: ID{i:05d}X\n    token: ${{CANARY}}{i}\n    labels: {{team: sales}}\n"
            f"    expected_webhooks: {{received: 'https://a.example/{i}'}}\n"
            for i in range(count)
        )
        file.write_text("instances:\n" + instances)
        return calls_of(lambda: load(file, ENVIRON))

    calls(10)  # what is loaded once
    assert calls(300) < 12 * calls(30)
