"""A secret that stands anywhere in a file, by whatever mistake, is in no message about the file."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.config.load import load as load_config
from exporter.config.problem import InvalidConfig
from exporter.webconfig.file import load as load_web_config

ROOT = Path(__file__).parents[3]
CANARY = "S3cr3tC4n4ryF00D"
HASH = "$2b$04$qYgXJ/RoTdZZDXb1vJx9l.ixXmEG40P98yyI/imErqn1B6J4TQ1hW"
ENVIRON = {"ZAPI_CLIENT_TOKEN": CANARY, "ZAPI_VENDAS_TOKEN": CANARY, "CANARY": CANARY}

CONFIG = (ROOT / "config.example.yaml").read_text(encoding="utf-8") + (
    "  - {name: suporte, id: B2, token: '${CANARY}', labels: {team: x}, expected_webhooks: [received]}\n"
    "x-anchors: &anchors {timeout: 5s}\n"
)
WEB_CONFIG = (
    "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  min_version: TLS12\n"
    f"basic_auth_users:\n  prom: {HASH}\n"
    "http_server_config:\n  headers: {X-Frame-Options: deny}\n"
)
SIGNS = (
    *("", *" :=,\n{}[]'\"*&!|>#%@`?$\t\\\xa0\u201c\ufeff"),
    *(": ", ", ", "\n  ", "!!", "? ", "- ", "<<: *", "${", "$$", "---\n"),
)
SHAPES = ("{}{}{}", "{}{}{}:", "{}{}{}: x", "- {}{}{}", "{{{}{}{}}}", "[{}{}{}]", "{}: {{{}{}: x}}")
PLACES = ("api: {}\n", "instances:\n  {}\n", "basic_auth_users: {}\n", "{}")
AROUND = st.sampled_from(SIGNS)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrecy") / "any.yaml"


def told(file: Path, text: str) -> str:
    """Everything that both readers say of a text."""
    file.write_text(text, encoding="utf-8", newline="")
    return said_by(lambda: load_config(file, ENVIRON)) + said_by(lambda: load_web_config(file))


def said_by(load: Callable[[], object]) -> str:
    try:
        load()
    except InvalidConfig as error:
        return str(error)
    return ""


@given(
    text=st.sampled_from([CONFIG, WEB_CONFIG]),
    place=st.integers(0, max(len(CONFIG), len(WEB_CONFIG))),
    removed=st.integers(0, 12),
    before=AROUND,
    after=AROUND,
    twice=st.booleans(),
)
def test_a_secret_that_slipped_in_anywhere_is_not_shown(
    file: Path, text: str, place: int, removed: int, before: str, after: str, twice: bool
) -> None:
    place %= len(text)
    slipped = (before + CANARY + after) * (1 + twice)
    assert CANARY not in told(file, text[:place] + slipped + text[place + removed :])


@pytest.mark.slow
@pytest.mark.parametrize("sign", SIGNS)
def test_a_secret_that_runs_into_its_key_is_not_shown(file: Path, sign: str) -> None:
    for key, shape, place in itertools.product(("token", "prom"), SHAPES, PLACES):
        text = place.format(shape.format(key, sign, CANARY))
        assert CANARY not in told(file, text), text


@given(variable=st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,40}", fullmatch=True))
@example(variable="zapi_token")
@example(variable="F00DBABEF00DBABE")
@example(variable="ZAPI_token")
def test_the_name_of_a_variable_is_shown_only_in_upper_case(file: Path, variable: str) -> None:
    said = told(file, f"instances: [{{name: a, id: A, token: '${{{variable}}}'}}]\n")
    looks_like_a_name = variable.upper() == variable and variable not in ("F00DBABEF00DBABE", "_", "A", "I")
    assert (f"variable {variable} " in said) <= looks_like_a_name or variable in ("A", "I", "_")
