"""A file becomes a configuration, or every problem is named with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import Config, InvalidConfig, load
from exporter.secret import Secret

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
ENVIRON = {"ZAPI_CLIENT_TOKEN": "CLIENT", "ZAPI_VENDAS_TOKEN": "VENDAS", "CANARY": "canary"}
MINIMAL = "instances:\n  - name: vendas\n    id: A1\n    token: T1\n"


def load_text(folder: Path, text: str) -> Config:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, ENVIRON)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidConfig) as raised:
        load_text(folder, text)
    return [f"{problem.line}: {problem.path}: {problem.message}" for problem in raised.value.problems]


def test_the_example_is_valid_and_says_the_defaults() -> None:
    config = load(EXAMPLE, ENVIRON)
    assert (config.api.base_url, config.api.timeout) == ("https://api.z-api.io", 10.0)
    assert (config.polling.interval, config.polling.concurrency, config.polling.stale_after) == (
        60.0,
        32,
        300.0,
    )
    (instance,) = config.instances
    assert instance.client_token == Secret("CLIENT")
    assert instance.token == Secret("VENDAS")
    assert instance.labels == {"environment": "production", "team": "sales"}
    assert instance.expected_webhooks == {
        "received": Secret("https://app.example.com/hooks/zapi"),
        "disconnected": None,
    }


def test_everything_but_the_instances_has_a_default(tmp_path: Path) -> None:
    example, minimal = load(EXAMPLE, ENVIRON), load_text(tmp_path, MINIMAL)
    assert (minimal.api, minimal.polling, minimal.paid_statuses) == (
        example.api,
        example.polling,
        example.paid_statuses,
    )


def test_secrets_come_from_files_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("T0K3N\n")
    config = load_text(tmp_path, "instances:\n  - {name: a, id: A1, token_file: token}\n")
    assert config.instances[0].token == Secret("T0K3N")
    assert config.files == (tmp_path / "config.yaml", tmp_path / "token")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1: document: is empty; see config.example.yaml"]),
        ("[", ["1: document: is not valid YAML"]),
        ("instances: []\n", ["1: instances: must be a list with at least one instance"]),
        (MINIMAL + "pollling: {}\n", ["5: pollling: is no known key; did you mean polling?"]),
        (
            MINIMAL + "polling: {interval: 5 minutes}\n",
            ["5: polling.interval: is not a duration such as 10s, 1m30s or 1h"],
        ),
        (
            MINIMAL + "polling:\n  interval: 10m\n",
            ["6: polling.stale_after: is below polling.interval; values would vanish between polls"],
        ),
        (MINIMAL.replace("T1", "12:30"), ["4: instances[0].token: is not read as text by YAML; quote it"]),
        (MINIMAL.replace("A1", "0123"), ["3: instances[0].id: is not read as text by YAML; quote it"]),
        (
            MINIMAL.replace("T1", "${NOWHERE}"),
            [
                "4: instances[0].token: the environment variable NOWHERE is not set; set it, or give a fallback",
                "4: instances[0].token: must be printable ASCII text without spaces",
            ],
        ),
        (MINIMAL + "    token: T2\n", ["5: instances[0].token: is given twice, first in line 4"]),
        (
            MINIMAL + "    token_file: x\n",
            ["5: instances[0].token_file: is given beside token; keep one of them"],
        ),
        (
            MINIMAL + "    labels: {job: x}\n",
            ["5: instances[0].labels.job: is a label that the exporter or Prometheus uses itself"],
        ),
        (
            MINIMAL + "    labels: {a-b: x}\n",
            ["5: instances[0].labels.a-b: is no label name; use letters, digits and underscores"],
        ),
        (
            MINIMAL + "    expected_webhooks: [recieved]\n",
            ["5: instances[0].expected_webhooks[0]: is no webhook; did you mean received?"],
        ),
        (
            MINIMAL + "  - {name: vendas, id: a1, token: T}\n",
            [
                "5: instances[1].name: is also that of the instance in line 2",
                "5: instances[1].id: is also that of the instance in line 2",
            ],
        ),
        (
            MINIMAL + "api: {base_url: 'https://user:canary@host'}\n",
            ["5: api.base_url: must be a URL such as https://api.z-api.io, with no user, query or fragment"],
        ),
        (
            MINIMAL + "api: {client_token_file: gone}\n",
            ["5: api.client_token_file: names a file that does not exist"],
        ),
        (
            MINIMAL + "polling: {concurrency: 0}\n",
            ["5: polling.concurrency: must be a whole number from 1 to 1024"],
        ),
    ],
)
def test_a_problem_is_named_with_its_line_and_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert problems(tmp_path, text) == expected


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    text = "instances:\n  - {name: a, id: 1, token: x}\n  - {nmae: b, id: B, token: x}\n"
    assert len(problems(tmp_path, text)) == 3


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"gone\.yaml:1: document: cannot be read"):
        load(tmp_path / "gone.yaml", {})


def test_dollars_and_fallbacks_are_expanded_after_parsing(tmp_path: Path) -> None:
    config = load_text(tmp_path, MINIMAL.replace("vendas", "'a$$b ${NOWHERE:-c: [d]}'"))
    assert config.instances[0].name == "a$b c: [d]"


@given(text=st.text())
def test_any_text_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidConfig):
        load(file, ENVIRON)
