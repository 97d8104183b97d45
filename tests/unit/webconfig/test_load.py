"""What a web configuration may say, and what is told of one that may not."""

import os
import re
import ssl
import subprocess
from pathlib import Path

import bcrypt
import pytest
import trustme
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from exporter.config.problem import InvalidConfig
from exporter.httpd.basic_auth import Credentials, PasswordChecker
from exporter.httpd.security import Security, ServerTls
from exporter.model.secret import Secret
from exporter.webconfig.file import load
from exporter.webconfig.keys import HEADERS
from tests.unit.httpd.certificates import EXAMPLES, write_files

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
REQUIRED = "client_auth_type: RequireAndVerifyClientCert"
CA_FILE = "client_ca_file: clients-ca.crt"
UNSUPPORTED = {
    "cipher_suites": "remove it, and set them in openssl.cnf",
    "curve_preferences": "remove it, and set them in openssl.cnf",
    "prefer_server_cipher_suites": "remove it, and set the order in openssl.cnf",
    "cert": "write the certificate to a file and name it in cert_file",
    "key": "write the key to a file and name it in key_file",
    "client_ca": "write the certificate to a file and name it in client_ca_file",
}


def tls(*more: str, cert: str = "server.crt", key: str = "server.key") -> str:
    lines = (f"cert_file: {cert}", f"key_file: {key}", *more)
    return "\n  ".join(("tls_server_config:", *lines)) + "\n"


TLS = tls()


@pytest.fixture(autouse=True)
def _certificates(tmp_path: Path, authority: trustme.CA) -> None:
    write_files(tmp_path, authority)


def loaded(folder: Path, text: str) -> Security:
    file = folder / "web.yaml"
    file.write_text(text)
    return load(file)


def server_tls(folder: Path, text: str) -> ServerTls:
    tls = loaded(folder, text).tls
    assert tls is not None
    return tls


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidConfig) as error:
        loaded(folder, text)
    prefix = f"{folder / 'web.yaml'}:"
    assert all(str(problem).startswith(prefix) for problem in error.value.problems)
    return [str(problem).removeprefix(prefix) for problem in error.value.problems]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_certificates_and_keys_may_have_accents_and_a_byte_order_mark(tmp_path: Path, mark: str) -> None:
    for name in ("server.crt", "server.key", "clients-ca.crt"):
        pem = (tmp_path / name).read_text()
        (tmp_path / name).write_bytes(f"{mark}{pem}# São José\n".encode() + b"\xe7\n")
    assert len(server_tls(tmp_path, tls(REQUIRED, CA_FILE)).context.get_ca_certs()) == 1


def test_tls_speaks_version_1_2_and_newer_unless_told_otherwise(tmp_path: Path) -> None:
    context = server_tls(tmp_path, TLS).context
    assert (context.minimum_version, context.maximum_version) == (
        ssl.TLSVersion.TLSv1_2,
        ssl.TLSVersion.TLSv1_3,
    )
    assert context.verify_mode == ssl.CERT_NONE
    assert context.options == ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).options | ssl.OP_NO_RENEGOTIATION
    narrow = server_tls(tmp_path, tls("min_version: TLS13", "max_version: TLS13")).context
    assert narrow.minimum_version == narrow.maximum_version == ssl.TLSVersion.TLSv1_3


def test_client_certificates_are_verified_and_allowed_names_have_one_form(tmp_path: Path) -> None:
    given = tls("client_auth_type: VerifyClientCertIfGiven", CA_FILE)
    assert server_tls(tmp_path, given).context.verify_mode == ssl.CERT_OPTIONAL
    required = tls(REQUIRED, CA_FILE, "client_allowed_sans: [a.example, '2001:DB8:0::1']")
    checked = server_tls(tmp_path, required)
    assert checked.context.verify_mode == ssl.CERT_REQUIRED
    assert len(checked.context.get_ca_certs()) == 1
    assert checked.allowed_sans == {"a.example", "2001:db8::1"}


def test_a_certificate_that_is_too_weak_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate = rsa.generate_private_key
    monkeypatch.setattr(rsa, "generate_private_key", lambda **_: generate(65537, 1024))
    weak = trustme.CA().issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA)
    weak.private_key_pem.write_to_path(tmp_path / "server.key")
    weak.cert_chain_pems[0].write_to_path(tmp_path / "server.crt")
    (told,) = problems(tmp_path, TLS)
    assert told.endswith("belongs to a certificate in cert_file that is too weak for OpenSSL; renew it")


def test_files_are_found_beside_it_or_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    for text in (TLS, TLS.replace("server.", f"{tmp_path}/server.")):
        assert server_tls(tmp_path, text)


def test_users_have_bcrypt_hashes_and_their_dollar_signs_mean_nothing(tmp_path: Path) -> None:
    text = f"basic_auth_users:\n  $$: '{HASH}'\n  ana: {HASH.replace('$2b$', '$2y$')}\n"
    users = loaded(tmp_path, text).users
    assert users is not None
    for user in ("$$", "ana"):
        assert PasswordChecker().verify(users, Credentials(user, Secret("right")))


def test_the_toolkits_headers_may_be_set_or_left_out(tmp_path: Path) -> None:
    values = ("default-src 'self'", "max-age=1", "nosniff", "sameorigin", "0")
    headers = dict(zip(HEADERS.keys, values, strict=True))
    for name in headers:
        written = headers | {name: ""}
        text = yaml.safe_dump({"http_server_config": {"http2": False, "headers": written}})
        assert loaded(tmp_path, text.replace("false", "FALSE")).headers == written


NO_CERTIFICATE = (
    "contains no certificate that can be read; at least one complete PEM block (BEGIN CERTIFICATE to END CERTIFICATE) "
    "is expected"
)

BAD: dict[str, str | list[str]] = {
    **dict.fromkeys(
        ("", "# nothing\n", "---\n", "{}\n"),
        "1: document: is empty; add tls_server_config or basic_auth_users, or start without --web.config.file",
    ),
    "tls_server_config:\n": "1: tls_server_config: is empty; add cert_file and key_file, or remove the key",
    "basic_auth_users: {}\n": "1: basic_auth_users: is empty; add a user with a bcrypt hash, or remove the key",
    f"basic_auth_users:\n{TLS}": "1: basic_auth_users: is empty; add a user with a bcrypt hash, or remove the key",
    "http_server_config: {}\n": "1: http_server_config: is empty; add headers, or remove the key",
    "http_server_config:\n  headers:\n": "2: http_server_config.headers: is empty; add a header, or remove the key",
    "- a\n": "1: document: must be a mapping, not a list",
    "a: !x 1\nb: *y\n": "2: b: is an alias without an anchor above it; quote text that begins with *",
    "a: [\n": "1: document: is not valid YAML: did not find expected node content",
    "tls_config: {}\n": '1: tls_config: unknown key; did you mean "tls_server_config"?',
    "x: {}\n": "1: x: unknown key; expected one of basic_auth_users, http_server_config, tls_server_config",
    "rate_limit: 1\n": "1: rate_limit: is not supported by this exporter; limit the rate in a reverse proxy",
    "tls_server_config: yes\n": "1: tls_server_config: must be a mapping, not a boolean",
    "tls_server_config:\n  min_version: TLS12\n": ["2: cert_file: is missing", "2: key_file: is missing"],
    tls("cert_file: other.crt"): "4: cert_file: is set twice, first on line 2; keep one of them",
    tls("<<: [a]"): "4: <<: must be an alias of a mapping, or a list of such aliases",
    tls("certfile: a"): '4: certfile: unknown key; did you mean "cert_file"?',
    tls(*(f"{key}: a" for key in UNSUPPORTED)): [
        f"{line}: {key}: is not supported by this exporter; {advice}"
        for line, (key, advice) in enumerate(UNSUPPORTED.items(), 4)
    ],
    tls(cert="none.crt"): "2: cert_file: names a file that does not exist; create it or correct the path (a "
    "relative path starts at the directory of this file)",
    tls(cert="server.key"): f"2: cert_file: names a file that {NO_CERTIFICATE}",
    tls(cert="binary.crt"): f"2: cert_file: names a file that {NO_CERTIFICATE}",
    tls(cert="large.crt"): "2: cert_file: names a file that is larger than 1 MiB",
    tls(cert="12"): "2: cert_file: must be text, but YAML reads it as a number; quote it",
    tls(key="server.crt"): "3: key_file: names a file that contains no private key in PEM format",
    tls(
        key="other.key"
    ): "3: key_file: names a file with a key that does not match the certificate in cert_file",
    tls(key="locked.key"): "3: key_file: names a file that contains an encrypted key; decrypt it, "
    "because no password can be entered",
    tls(key="damaged.key"): "3: key_file: names a file that contains no private key that OpenSSL can use",
    tls("min_version: TLS13", "max_version: TLS12"): "5: max_version: is below min_version",
    tls("min_version: TLS10", "max_version: TLS11"): [
        "4: min_version: is insecure and not supported; write TLS12 or TLS13",
        "5: max_version: is insecure and not supported; write TLS12 or TLS13",
    ],
    tls("client_auth_type: Never", "min_version: SSL3"): [
        "4: client_auth_type: must be NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
        "5: min_version: must be TLS12 or TLS13",
    ],
    **{
        tls(f"client_auth_type: {check}"): "4: client_auth_type: would trust any certificate, "
        "which is not supported; write RequireAndVerifyClientCert"
        for check in ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
    },
    **{
        tls(
            f"client_auth_type: {check}"
        ): "4: client_auth_type: needs a client_ca_file to verify certificates with"
        for check in ("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    },
    tls(
        CA_FILE
    ): "4: client_ca_file: has no use without client_auth_type; write RequireAndVerifyClientCert there",
    **{
        tls("client_allowed_sans: [a]", *more): "4: client_allowed_sans: needs client_auth_type "
        "RequireAndVerifyClientCert; any other type admits clients without a verified name"
        for more in ((), ("client_auth_type: VerifyClientCertIfGiven", CA_FILE))
    },
    tls("client_auth_type: [RequireAndVerifyClientCert]", "min_version:"): [
        "4: client_auth_type: must be text, not a list",
        "5: min_version: has no value; write one after the colon",
    ],
    tls(REQUIRED, CA_FILE, "client_allowed_sans: [a, 10, [b]]"): [
        "6: client_allowed_sans[1]: must be text, but YAML reads it as a number; quote it",
        "6: client_allowed_sans[2]: must be text, not a list",
    ],
    tls("client_allowed_sans: a"): "4: client_allowed_sans: must be a list of names, "
    "such as [prometheus.example.com]",
    "http_server_config:\n  http2: true\n": "2: http_server_config.http2: is not supported; "
    "write false, or leave it out",
    "http_server_config:\n  headers: {X-Powered-By: us, X-Frame-Options: DENY, X-XSS-Protection: 0}\n": [
        "2: http_server_config.headers.X-Frame-Options: must be deny or sameorigin",
        "2: http_server_config.headers.X-XSS-Protection: must be text, but YAML reads it as a number; quote it",
        "2: http_server_config.headers.<hidden>: unknown key; expected one of Content-Security-Policy, "
        "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection",
    ],
    'http_server_config:\n  headers: {X-Content-Type-Options: a, X-XSS-Protection: "a\\nb"}\n': [
        "2: http_server_config.headers.X-Content-Type-Options: must be nosniff",
        "2: http_server_config.headers.X-XSS-Protection: must be one line of printable ASCII",
    ],
    f"basic_auth_users:\n  ana: hunter2\n  'a:b': {HASH}\n  '': {HASH}\n": [
        "2: basic_auth_users.ana: is not a bcrypt hash; run htpasswd -nBC 10 USER and write what follows the colon",
        "3: basic_auth_users.<hidden>: is not a user name: it must not be empty or contain a colon",
        "4: basic_auth_users.<hidden>: is not a user name: it must not be empty or contain a colon",
    ],
    "basic_auth_users: [ana]\n": "1: basic_auth_users: must be a mapping from user to bcrypt hash",
}
"""Without the name of the section of TLS, to which most keys belong."""


@pytest.mark.parametrize("text", BAD)
def test_everything_that_is_wrong_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(tmp_path / "other.key")
    for file, name in (("locked.key", "ENCRYPTED PRIVATE KEY"), ("damaged.key", "PRIVATE KEY")):
        (tmp_path / file).write_text(f"-----BEGIN {name}-----\nMIIB\n-----END {name}-----\n")
    (tmp_path / "binary.crt").write_bytes(b"\x30\x82\xff")
    (tmp_path / "large.crt").touch()
    os.truncate(tmp_path / "large.crt", 1 << 40)
    told = problems(tmp_path, text)
    expected = BAD[text]
    short = [problem.replace(" tls_server_config.", " ") for problem in told]
    assert short == ([expected] if isinstance(expected, str) else expected)
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize(("name", "told"), [(b"none", "none"), (b"\xff", r"\xff")])
def test_a_missing_file_is_told(tmp_path: Path, name: bytes, told: str) -> None:
    with pytest.raises(InvalidConfig, match=rf"/{re.escape(told)}\.yaml:1: document: does not exist"):
        load(tmp_path / os.fsdecode(name + b".yaml"))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_valid(tmp_path: Path, example: Path) -> None:
    assert loaded(tmp_path, example.read_text()) != Security()


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_promtool_accepts_our_examples(tmp_path: Path, example: Path) -> None:
    file = tmp_path / example.name
    file.write_text(example.read_text())
    command = ["promtool", "check", "web-config", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "SUCCESS" in checked.stdout + checked.stderr


def test_the_examples_hash_is_that_of_the_password_it_says(tmp_path: Path) -> None:
    users = loaded(tmp_path, (EXAMPLES / "basic-auth.yaml").read_text()).users
    assert users is not None
    assert PasswordChecker().verify(users, Credentials("prometheus", Secret("example")))
