"""What a web configuration may say, and what is told of one that may not."""

import ssl
from pathlib import Path

import bcrypt
import pytest
import trustme

from exporter.config.problem import InvalidConfig
from exporter.httpd.basic_auth import Credentials, PasswordChecker
from exporter.httpd.security import Security
from exporter.model.secret import Secret
from exporter.webconfig.load import load
from tests.unit.httpd.certificates import EXAMPLES, write_files

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

CLIENTS = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients-ca.crt\n"


@pytest.fixture(autouse=True)
def _certificates(tmp_path: Path, authority: trustme.CA) -> None:
    write_files(tmp_path, authority)


def loaded(folder: Path, text: str) -> Security:
    file = folder / "web.yaml"
    file.write_text(text)
    return load(file)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidConfig) as error:
        loaded(folder, text)
    prefix = f"{folder / 'web.yaml'}:"
    assert all(str(problem).startswith(prefix) for problem in error.value.problems)
    return [str(problem).removeprefix(prefix) for problem in error.value.problems]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "tls_server_config:\n", "basic_auth_users: {}\n"]
)
def test_an_empty_configuration_guards_nothing(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == Security()


def test_tls_speaks_version_1_2_and_newer_unless_told_otherwise(tmp_path: Path) -> None:
    tls = loaded(tmp_path, TLS).tls
    assert tls is not None
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls.context.verify_mode == ssl.CERT_NONE
    narrow = loaded(tmp_path, TLS + "  min_version: TLS13\n  max_version: TLS13\n").tls
    assert narrow is not None
    assert narrow.context.minimum_version == narrow.context.maximum_version == ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize(
    ("check", "mode"),
    [("VerifyClientCertIfGiven", ssl.CERT_OPTIONAL), ("RequireAndVerifyClientCert", ssl.CERT_REQUIRED)],
)
def test_client_certificates_are_verified(tmp_path: Path, check: str, mode: ssl.VerifyMode) -> None:
    tls = loaded(tmp_path, f"{TLS}  client_auth_type: {check}\n  client_ca_file: clients-ca.crt\n").tls
    assert tls is not None
    assert tls.context.verify_mode == mode
    assert len(tls.context.get_ca_certs()) == 1


def test_files_are_found_beside_the_configuration_or_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert loaded(tmp_path, TLS).tls is not None
    assert loaded(tmp_path, TLS.replace("server.", f"{tmp_path}/server.")).tls is not None


def test_users_have_bcrypt_hashes_and_their_dollar_signs_mean_nothing(tmp_path: Path) -> None:
    users = loaded(
        tmp_path, f"basic_auth_users:\n  $$: '{HASH}'\n  ana: {HASH.replace('$2b$', '$2y$')}\n"
    ).users
    assert users is not None
    for user in ("$$", "ana"):
        assert PasswordChecker().verify(users, Credentials(user, Secret("right")))


def test_the_toolkits_headers_may_be_set_or_left_out(tmp_path: Path) -> None:
    text = "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: ''\n    X-XSS-Protection: '0'\n"
    assert loaded(tmp_path, text).headers == {"X-Frame-Options": "", "X-XSS-Protection": "0"}


ALL_KEYS = (
    "client_allowed_sans, client_auth_type, client_ca_file, cert_file, key_file, max_version, min_version"
)
BAD = {
    "- a\n": ["1: document: must be a mapping"],
    "a: !x 1\nb: *y\n": ["2: b: is an alias of no anchor above it; quote text that begins with *"],
    "a: [\n": ["1: document: is not valid YAML: did not find expected node content"],
    "tls_config: {}\n": ["1: tls_config: is no known key; did you mean tls_server_config?"],
    "x: {}\n": [
        "1: x: is no known key; known are basic_auth_users, http_server_config, tls_server_config",
    ],
    "rate_limit:\n  burst: 1\n": [
        "1: rate_limit: is not supported by this exporter: limit the rate in a reverse proxy",
    ],
    "tls_server_config: yes\n": ["1: tls_server_config: must be a mapping"],
    "tls_server_config:\n  min_version: TLS12\n": [
        "2: tls_server_config.cert_file: is missing",
        "2: tls_server_config.key_file: is missing",
    ],
    TLS + "  cert_file: other.crt\n": ["4: tls_server_config.cert_file: is given twice, first in line 2"],
    TLS + "  certfile: a\n": ["4: tls_server_config.certfile: is no known key; did you mean cert_file?"],
    TLS + "  cipher_suites: []\n  curve_preferences: []\n  prefer_server_cipher_suites: true\n  cert: a\n": [
        "4: tls_server_config.cipher_suites: is not supported by this exporter: "
        "OpenSSL's own configuration chooses them",
        "5: tls_server_config.curve_preferences: is not supported by this exporter: "
        "OpenSSL's own configuration chooses them",
        "6: tls_server_config.prefer_server_cipher_suites: is not supported by this exporter: "
        "OpenSSL's own configuration chooses the order",
        "7: tls_server_config.cert: is not supported by this exporter: "
        "write the certificate to a file and name it in cert_file",
    ],
    TLS.replace("server.crt", "none.crt"): [
        "2: tls_server_config.cert_file: cannot be read; does it exist, and may this user read it?",
    ],
    TLS.replace("server.crt", "server.key"): [
        "2: tls_server_config.cert_file: holds no certificate in PEM form",
    ],
    TLS.replace("server.key", "server.crt"): [
        "3: tls_server_config.key_file: holds no private key in PEM form"
    ],
    TLS.replace("server.key", "other.key"): [
        "3: tls_server_config.key_file: is not the key of the certificate in cert_file",
    ],
    TLS.replace("server.key", "locked.key"): [
        "3: tls_server_config.key_file: holds an encrypted key; decrypt it, as nobody can type its password here",
    ],
    TLS.replace("server.key", "damaged.key"): [
        "3: tls_server_config.key_file: holds no private key that OpenSSL can use",
    ],
    TLS.replace("server.crt", "binary.crt"): ["2: tls_server_config.cert_file: is not UTF-8 text"],
    TLS.replace("server.crt", "12"): [
        "2: tls_server_config.cert_file: must be text, but YAML reads it as a number; quote it",
    ],
    TLS + "  min_version: TLS13\n  max_version: TLS12\n": [
        "5: tls_server_config.max_version: is below min_version",
    ],
    TLS + "  min_version: TLS10\n  max_version: SSL3\n": [
        "4: tls_server_config.min_version: is broken and not supported; write TLS12 or TLS13",
        "5: tls_server_config.max_version: must be TLS12 or TLS13",
    ],
    TLS + "  client_auth_type: RequireAnyClientCert\n": [
        "4: tls_server_config.client_auth_type: would trust any certificate, which is not supported; "
        "write RequireAndVerifyClientCert",
    ],
    TLS + "  client_auth_type: RequestClientCert\n": [
        "4: tls_server_config.client_auth_type: would trust any certificate, which is not supported; "
        "write RequireAndVerifyClientCert",
    ],
    TLS + "  client_auth_type: Never\n": [
        "4: tls_server_config.client_auth_type: must be NoClientCert, VerifyClientCertIfGiven or "
        "RequireAndVerifyClientCert",
    ],
    TLS + "  client_auth_type: RequireAndVerifyClientCert\n": [
        "4: tls_server_config.client_auth_type: needs a client_ca_file to verify certificates with",
    ],
    TLS + "  client_ca_file: clients-ca.crt\n": [
        "4: tls_server_config.client_ca_file: has no use without client_auth_type; "
        "write RequireAndVerifyClientCert there",
    ],
    TLS + "  client_allowed_sans: [a]\n": [
        "4: tls_server_config.client_allowed_sans: needs client_auth_type RequireAndVerifyClientCert; "
        "any other lets clients in that have no name",
    ],
    TLS + "  client_auth_type: [RequireAndVerifyClientCert]\n  min_version:\n": [
        "4: tls_server_config.client_auth_type: must be text, not a list",
        "5: tls_server_config.min_version: must be text, but has no value; give it one, or quote it",
    ],
    TLS + CLIENTS + "  client_allowed_sans: [a, 10, [b]]\n": [
        "6: tls_server_config.client_allowed_sans[1]: must be text, but YAML reads it as a number; quote it",
        "6: tls_server_config.client_allowed_sans[2]: must be text, not a list",
    ],
    TLS + "  client_allowed_sans: a\n": [
        "4: tls_server_config.client_allowed_sans: must be a list of names, such as [prometheus.example.com]",
    ],
    "http_server_config:\n  http2: true\n": [
        "2: http_server_config.http2: is not supported; write false, or leave it out",
    ],
    "http_server_config:\n  headers:\n    X-Powered-By: us\n    X-Frame-Options: DENY\n    X-XSS-Protection: 0\n": [
        "3: http_server_config.headers.X-Powered-By: is no known key; known are Content-Security-Policy, "
        "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection",
        "4: http_server_config.headers.X-Frame-Options: must be deny or sameorigin",
        "5: http_server_config.headers.X-XSS-Protection: must be text, but YAML reads it as a number; quote it",
    ],
    'http_server_config:\n  headers:\n    X-XSS-Protection: "a\\nb"\n': [
        "3: http_server_config.headers.X-XSS-Protection: must be one line of printable ASCII",
    ],
    "basic_auth_users:\n  ana: hunter2\n  'a:b': " + HASH + "\n": [
        "2: basic_auth_users.ana: is no bcrypt hash; make one with: htpasswd -nBC 10 ''",
        '3: basic_auth_users."a:b": is no user name: it must not be empty nor have a colon',
    ],
}


@pytest.mark.parametrize("text", BAD)
def test_everything_that_is_wrong_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(tmp_path / "other.key")
    for name in ("ENCRYPTED PRIVATE KEY", "PRIVATE KEY"):
        file = tmp_path / ("locked.key" if "ENCRYPTED" in name else "damaged.key")
        file.write_text(f"-----BEGIN {name}-----\nMIIB\n-----END {name}-----\n")
    (tmp_path / "binary.crt").write_bytes(b"\x30\x82\xff")
    told = problems(tmp_path, text)
    assert told == BAD[text]
    assert "hunter2" not in "".join(told)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"none\.yaml:1: document: cannot be read"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_valid(tmp_path: Path, example: Path) -> None:
    assert loaded(tmp_path, example.read_text()) != Security()


def test_the_examples_hash_is_that_of_the_password_it_says(tmp_path: Path) -> None:
    users = loaded(tmp_path, (EXAMPLES / "basic-auth.yaml").read_text()).users
    assert users is not None
    assert PasswordChecker().verify(users, Credentials("prometheus", Secret("example")))
