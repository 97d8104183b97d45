"""Whatever a web configuration holds, it is taken or refused in our own words, and shows no secret."""

import traceback
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import trustme
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.problem import InvalidConfig
from exporter.httpd.security import Security
from exporter.webconfig.load import load
from tests.unit.httpd.certificates import write_files

CANARY = "c4n4ry"
HASH = bcrypt.hashpw(CANARY.encode(), bcrypt.gensalt(4)).decode()
TLS_KEYS = (
    *("cert_file", "key_file", "client_auth_type", "client_ca_file", "client_allowed_sans", "min_version"),
    *("max_version", "cert", "cipher_suites", "cert_fle"),
)
FILES = ("server.crt", "server.key", "clients-ca.crt", "none", ".", "", "x" * 5000, "web.yaml", "a\nb")
WORDS = ("TLS12", "TLS13", "TLS10", "RequireAndVerifyClientCert", "NoClientCert", "VerifyClientCertIfGiven")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from((*FILES, *WORDS, CANARY, HASH, HASH[:-1], f"${{{CANARY}}}", f"{CANARY}\u202e")),
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from(TLS_KEYS), SCALARS, max_size=2)
)
RIGHT = st.fixed_dictionaries({"cert_file": st.just("server.crt"), "key_file": st.just("server.key")})
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "tls_server_config": st.builds(
            lambda right, more: right | more,
            RIGHT,
            st.dictionaries(st.sampled_from(TLS_KEYS), VALUES, max_size=4),
        )
        | VALUES,
        "basic_auth_users": st.dictionaries(st.sampled_from(["ana", "", "a:b", "é", "1"]), SCALARS) | VALUES,
        "http_server_config": st.fixed_dictionaries(
            {}, optional={"http2": SCALARS, "headers": st.dictionaries(st.just("X-Frame-Options"), VALUES)}
        )
        | VALUES,
        "rate_limit": VALUES,
    },
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Path:
    folder = tmp_path_factory.mktemp("any")
    write_files(folder, authority)
    return folder / "web.yaml"


def shown(file: Path, content: bytes) -> str:
    """All that a person sees of it: nothing if it is good."""
    file.write_bytes(content)
    try:
        security = load(file)
    except InvalidConfig as error:
        return "".join(traceback.format_exception(error))
    assert isinstance(security, Security)
    return ""


@given(content=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_taken_or_refused(file: Path, content: bytes) -> None:
    shown(file, content)


@given(document=DOCUMENTS)
def test_any_document_is_taken_or_refused_without_showing_a_secret(file: Path, document: Any) -> None:
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    said = shown(file, text.encode("utf-8", "replace"))
    assert CANARY not in said
    assert HASH[-20:] not in said
