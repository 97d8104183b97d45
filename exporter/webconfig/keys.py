"""Every key of the web configuration, in the exporter-toolkit's format."""

import re
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Final

from exporter.config.certificates import read_key
from exporter.config.document import MapNode, Scalar
from exporter.config.kinds import CA_FILE, list_of, optional, read_entries, read_file, scalar
from exporter.config.section import Key, Kind, Section, SectionValues, Value
from exporter.httpd.basic_auth import is_bcrypt_hash
from exporter.httpd.security import canonical_san
from exporter.model.secret import Secret

NO_CERTIFICATE: Final = "NoClientCert"
IF_GIVEN: Final = "VerifyClientCertIfGiven"
REQUIRED: Final = "RequireAndVerifyClientCert"

_UNVERIFIED: Final = frozenset({"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"})
_VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")
_OPENSSL: Final = "remove it, and set them in openssl.cnf"


def _read_key(value: Value) -> str:
    pem = read_file(value, lambda name: read_key(value.context.files.read(name)))
    value.context.files.mark_secret(value.text())
    return pem


def _client_check(text: str) -> str:
    if text in _UNVERIFIED:
        raise ValueError(f"would trust any certificate, which is not supported; write {REQUIRED}")
    if text not in (NO_CERTIFICATE, IF_GIVEN, REQUIRED):
        raise ValueError(f"must be {NO_CERTIFICATE}, {IF_GIVEN} or {REQUIRED}")
    return text


def _version(text: str) -> ssl.TLSVersion:
    if text in ("TLS10", "TLS11"):
        raise ValueError("is insecure and not supported; write TLS12 or TLS13")
    if text not in _VERSIONS:
        raise ValueError("must be TLS12 or TLS13")
    return _VERSIONS[text]


def _bcrypt_hash(text: str) -> Secret:
    if not is_bcrypt_hash(text):
        raise ValueError("is not a bcrypt hash; run htpasswd -nBC 10 USER and write what follows the colon")
    return Secret(text)


def _user(text: str) -> str:
    if not text or ":" in text:
        raise ValueError("is not a user name: it must not be empty or contain a colon")
    return text


def _read_users(value: Value) -> Mapping[str, Secret]:
    refuse_empty(value, "add a user with a bcrypt hash, or remove the key")
    if not isinstance(value.node, MapNode):
        value.refuse("must be a mapping from user to bcrypt hash")
    return dict(read_entries(value, _user, lambda item: item.convert(_bcrypt_hash, item.text())))


def _read_http2(value: Value) -> None:
    if not isinstance(value.node, Scalar) or value.node.text.lower() != "false":
        value.refuse("is not supported; write false, or leave it out")


def _header(values: tuple[str, ...], text: str) -> str:
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("must be one line of printable ASCII")
    if text and values and text not in values:
        raise ValueError(f"must be {' or '.join(values)}")
    return text


def _header_key(name: str, *values: str) -> Key[str | None]:
    """Make the key of a header; only ``values`` are allowed, or any text without them."""
    kind = optional(scalar(partial(_header, values)))
    return Key(name, kind, "An empty value leaves the header out.")


def refuse_empty(value: Value, advice: str) -> None:
    """Refuse a section with nothing in it, as it guards nothing while it looks as if it did."""
    node = value.node
    if (isinstance(node, Scalar) and node.is_null) or (isinstance(node, MapNode) and not node.items):
        value.refuse(f"is empty; {advice}")


def _section_key(section: Section, advice: str) -> Key[SectionValues | None]:
    def read(value: Value) -> SectionValues:
        refuse_empty(value, advice)
        return SectionValues(section, value)

    return Key(section.title, Kind(read), section.help)


_FILE: Final = optional(Kind(_read_key))

CERT_FILE: Final = Key("cert_file", CA_FILE, "The certificate chain.", is_required=True)
KEY_FILE: Final = Key("key_file", _FILE, "Its private key.", is_required=True)
CLIENT_AUTH_TYPE: Final = Key(
    "client_auth_type", scalar(_client_check), "Whether clients need a certificate.", default=NO_CERTIFICATE
)
CLIENT_CA_FILE: Final = Key("client_ca_file", CA_FILE, "The authorities of clients' certificates.")
CLIENT_ALLOWED_SANS: Final = Key(
    "client_allowed_sans",
    optional(list_of(scalar(canonical_san), "a list of names, such as [prometheus.example.com]")),
    "The names of which a client's certificate must have one.",
)
MIN_VERSION: Final = Key("min_version", scalar(_version), "The lowest version.", default="TLS12")
MAX_VERSION: Final = Key("max_version", scalar(_version), "The highest version.", default="TLS13")
TLS: Final = Section(
    "tls_server_config",
    "How the server speaks TLS.",
    (CERT_FILE, KEY_FILE, CLIENT_AUTH_TYPE, CLIENT_CA_FILE, CLIENT_ALLOWED_SANS, MIN_VERSION, MAX_VERSION),
    unsupported={
        "cert": "write the certificate to a file and name it in cert_file",
        "key": "write the key to a file and name it in key_file",
        "client_ca": "write the certificate to a file and name it in client_ca_file",
        "cipher_suites": _OPENSSL,
        "curve_preferences": _OPENSSL,
        "prefer_server_cipher_suites": "remove it, and set the order in openssl.cnf",
    },
)

HEADERS: Final = Section(
    "headers",
    "Headers of every answer.",
    (
        _header_key("Content-Security-Policy"),
        _header_key("Strict-Transport-Security"),
        _header_key("X-Content-Type-Options", "nosniff"),
        _header_key("X-Frame-Options", "deny", "sameorigin"),
        _header_key("X-XSS-Protection"),
    ),
)
HTTP2: Final = Key("http2", Kind(_read_http2), "Whether HTTP/2 is spoken: no.", default="false")
HEADERS_SECTION: Final = _section_key(HEADERS, "add a header, or remove the key")
HTTP: Final = Section("http_server_config", "How the server speaks HTTP.", (HTTP2, HEADERS_SECTION))

TLS_SECTION: Final = _section_key(TLS, "add cert_file and key_file, or remove the key")
HTTP_SECTION: Final = _section_key(HTTP, "add headers, or remove the key")
USERS: Final = Key(
    "basic_auth_users",
    optional(Kind(_read_users)),
    "Users and their bcrypt hashes.",
)
DOCUMENT: Final = Section(
    "web",
    "The web configuration.",
    (TLS_SECTION, HTTP_SECTION, USERS),
    unsupported={"rate_limit": "limit the rate in a reverse proxy"},
)
KNOWN_KEYS: Final = frozenset(
    {name for section in (DOCUMENT, TLS, HTTP, HEADERS) for name in (*section.keys, *section.unsupported)}
    | {"<<"}
)
"""The keys that a message may show."""
