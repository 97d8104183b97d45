"""What a web configuration may say, and what is told of one that may not."""

import os
import re
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
    ("text", "place"),
    [
        ("", "1: document"),
        ("# nothing\n", "1: document"),
        ("---\n", "1: document"),
        ("{}\n", "1: document"),
        ("tls_server_config:\n", "1: tls_server_config"),
        ("basic_auth_users: {}\n", "1: basic_auth_users"),
        (f"basic_auth_users:\n{TLS}", "1: basic_auth_users"),
        ("http_server_config:\n  headers:\n", "2: http_server_config.headers"),
    ],
)
def test_what_is_empty_is_refused_as_it_would_guard_nothing(tmp_path: Path, text: str, place: str) -> None:
    (told,) = problems(tmp_path, text)
    assert told.startswith(f"{place}: is empty; ")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_certificates_and_keys_may_have_accents_and_a_byte_order_mark(tmp_path: Path, mark: str) -> None:
    for name in ("server.crt", "server.key", "clients-ca.crt"):
        pem = (tmp_path / name).read_text()
        (tmp_path / name).write_bytes(f"{mark}{pem}# São José\n".encode() + b"\xe7\n")
    tls = loaded(tmp_path, TLS + CLIENTS).tls
    assert tls is not None
    assert len(tls.context.get_ca_certs()) == 1


@pytest.mark.parametrize("what", ["a named pipe", "a folder", "a device"])
@pytest.mark.parametrize("name", ["server.crt", "server.key", "web.yaml"])
def test_only_regular_files_are_read(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / "web.yaml").write_text(TLS)
    (tmp_path / name).unlink()
    if what == "a named pipe":
        os.mkfifo(tmp_path / name)
    elif what == "a folder":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(InvalidConfig, match=f"is {what}, not a regular file"):
        load(tmp_path / "web.yaml")


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "server.crt").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidConfig, match="cert_file: names a file that is larger than 1 MiB"):
        loaded(tmp_path, TLS)


def test_tls_speaks_version_1_2_and_newer_unless_told_otherwise(tmp_path: Path) -> None:
    tls = loaded(tmp_path, TLS).tls
    assert tls is not None
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls.context.verify_mode == ssl.CERT_NONE
    assert tls.context.options == ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).options | ssl.OP_NO_RENEGOTIATION
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
    "- a\n": ["1: document: must be a mapping, not a list"],
    "a: !x 1\nb: *y\n": ["2: b: is an alias without an anchor above it; quote text that begins with *"],
    "a: [\n": ["1: document: is not valid YAML: did not find expected node content"],
    "tls_config: {}\n": ['1: tls_config: unknown key; did you mean "tls_server_config"?'],
    "x: {}\n": [
        "1: x: unknown key; expected one of basic_auth_users, http_server_config, tls_server_config",
    ],
    "rate_limit:\n  burst: 1\n": [
        "1: rate_limit: is not supported by this exporter; limit the rate in a reverse proxy",
    ],
    "tls_server_config: yes\n": ["1: tls_server_config: must be a mapping, not a boolean"],
    "tls_server_config:\n  min_version: TLS12\n": [
        "2: tls_server_config.cert_file: is missing",
        "2: tls_server_config.key_file: is missing",
    ],
    TLS + "  cert_file: other.crt\n": [
        "4: tls_server_config.cert_file: is set twice, first on line 2; keep one of them",
    ],
    TLS + "  certfile: a\n": ['4: tls_server_config.certfile: unknown key; did you mean "cert_file"?'],
    TLS + "  cipher_suites: []\n  curve_preferences: []\n  prefer_server_cipher_suites: true\n  cert: a\n": [
        "4: tls_server_config.cipher_suites: is not supported by this exporter; "
        "OpenSSL's own configuration chooses them",
        "5: tls_server_config.curve_preferences: is not supported by this exporter; "
        "OpenSSL's own configuration chooses them",
        "6: tls_server_config.prefer_server_cipher_suites: is not supported by this exporter; "
        "OpenSSL's own configuration chooses the order",
        "7: tls_server_config.cert: is not supported by this exporter; "
        "write the certificate to a file and name it in cert_file",
    ],
    TLS.replace("server.crt", "none.crt"): [
        "2: tls_server_config.cert_file: names a file that does not exist",
    ],
    TLS.replace("server.crt", "server.key"): [
        "2: tls_server_config.cert_file: names a file that contains no certificate in PEM format",
    ],
    TLS.replace("server.key", "server.crt"): [
        "3: tls_server_config.key_file: names a file that contains no private key in PEM format"
    ],
    TLS.replace("server.key", "other.key"): [
        "3: tls_server_config.key_file: names a file with a key that does not match the certificate in cert_file",
    ],
    TLS.replace("server.key", "locked.key"): [
        "3: tls_server_config.key_file: names a file that contains an encrypted key; "
        "decrypt it, because no password can be entered",
    ],
    TLS.replace("server.key", "damaged.key"): [
        "3: tls_server_config.key_file: names a file that contains no private key that OpenSSL can use",
    ],
    TLS.replace("server.crt", "binary.crt"): [
        "2: tls_server_config.cert_file: names a file that contains no certificate in PEM format",
    ],
    TLS.replace("server.crt", "12"): [
        "2: tls_server_config.cert_file: must be text, but YAML reads it as a number; quote it",
    ],
    TLS + "  min_version: TLS13\n  max_version: TLS12\n": [
        "5: tls_server_config.max_version: is below min_version",
    ],
    TLS + "  min_version: TLS10\n  max_version: TLS11\n": [
        "4: tls_server_config.min_version: is insecure and not supported; write TLS12 or TLS13",
        "5: tls_server_config.max_version: is insecure and not supported; write TLS12 or TLS13",
    ],
    TLS + "  client_auth_type: RequireAnyClientCert\n": [
        "4: tls_server_config.client_auth_type: would trust any certificate, which is not supported; "
        "write RequireAndVerifyClientCert",
    ],
    TLS + "  client_auth_type: RequestClientCert\n": [
        "4: tls_server_config.client_auth_type: would trust any certificate, which is not supported; "
        "write RequireAndVerifyClientCert",
    ],
    TLS + "  client_auth_type: Never\n  min_version: SSL3\n": [
        "4: tls_server_config.client_auth_type: must be NoClientCert, VerifyClientCertIfGiven or "
        "RequireAndVerifyClientCert",
        "5: tls_server_config.min_version: must be TLS12 or TLS13",
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
        "any other type admits clients without a verified name",
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
        "3: http_server_config.headers.<hidden>: unknown key; expected one of Content-Security-Policy, "
        "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection",
        "4: http_server_config.headers.X-Frame-Options: must be deny or sameorigin",
        "5: http_server_config.headers.X-XSS-Protection: must be text, but YAML reads it as a number; quote it",
    ],
    'http_server_config:\n  headers:\n    X-XSS-Protection: "a\\nb"\n': [
        "3: http_server_config.headers.X-XSS-Protection: must be one line of printable ASCII",
    ],
    "basic_auth_users:\n  ana: hunter2\n  'a:b': " + HASH + "\n": [
        "2: basic_auth_users.ana: is not a bcrypt hash; make one with: htpasswd -nBC 10 ''",
        "3: basic_auth_users.<hidden>: is not a user name: it must not be empty or contain a colon",
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


@pytest.mark.parametrize(("name", "told"), [(b"none", "none"), (b"\xff", r"\xff")])
def test_a_missing_file_is_told(tmp_path: Path, name: bytes, told: str) -> None:
    with pytest.raises(InvalidConfig, match=rf"/{re.escape(told)}\.yaml:1: document: does not exist"):
        load(tmp_path / os.fsdecode(name + b".yaml"))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_valid(tmp_path: Path, example: Path) -> None:
    assert loaded(tmp_path, example.read_text()) != Security()


def test_the_examples_hash_is_that_of_the_password_it_says(tmp_path: Path) -> None:
    users = loaded(tmp_path, (EXAMPLES / "basic-auth.yaml").read_text()).users
    assert users is not None
    assert PasswordChecker().verify(users, Credentials("prometheus", Secret("example")))
