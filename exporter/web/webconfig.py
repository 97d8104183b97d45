"""The file that ``--web.config.file`` names: TLS, passwords and headers, in the exporter-toolkit's format."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exporter.config.problem import InvalidConfig
from exporter.secret import Secret
from exporter.web.auth import BasicAuth, is_bcrypt_hash
from exporter.web.security import Security
from exporter.web.webconfig_tls import TlsReader
from exporter.web.webfiles import Contents, Files
from exporter.web.yaml_nodes import Document, Node, Scalar

_KEYS: Final = frozenset({"tls_server_config", "http_server_config", "basic_auth_users"})
_UNSUPPORTED: Final[Mapping[str, str]] = {"rate_limit": "limit the rate in a reverse proxy"}
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
"""The headers that may be set, each with its only values; none named: any."""

_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")


def load(path: Path) -> Security:
    """Raises :class:`~exporter.config.problem.InvalidConfig` with all that is wrong."""
    security, _ = read(path)
    if isinstance(security, InvalidConfig):
        raise security
    return security


def read(path: Path) -> tuple[Security | InvalidConfig, Contents]:
    """The web configuration, or what is wrong with it; and in both cases what was read to learn that."""
    document, files = Document(str(path)), Files(path)
    try:
        root = document.parse(files.read(path))
    except ValueError as error:
        document.report(1, "", str(error))
        root = None
    security = Security() if root is None else _security(document, files, root)
    return (InvalidConfig(document.problems) if document.problems else security), files.contents


def _security(document: Document, files: Files, root: Node) -> Security:
    top = document.table(root, _KEYS, _UNSUPPORTED).nodes
    tls, users = top.get("tls_server_config"), top.get("basic_auth_users")
    http = top.get("http_server_config")
    return Security(
        tls=None if tls is None else TlsReader(document, files).read(tls),
        users=None if users is None else _users(document, users),
        headers={} if http is None else _http(document, http),
    )


def _users(document: Document, node: Node) -> BasicAuth | None:
    users: dict[str, Secret] = {}
    for user, value in document.table(node, None, {}).nodes.items():
        if not user or ":" in user:
            document.report(value.line, value.path, "is no user name: it must not be empty nor have a colon")
        hashed = document.text(value)
        if hashed is not None and not is_bcrypt_hash(hashed):
            document.report(value.line, value.path, "is no bcrypt hash; make one with: htpasswd -nBC 10 ''")
        elif hashed is not None:
            users[user] = Secret(hashed)
    return BasicAuth(users) if users else None


def _http(document: Document, node: Node) -> Mapping[str, str]:
    section = document.table(node, {"http2", "headers"}, {}).nodes
    http2, headers = section.get("http2"), section.get("headers")
    if http2 is not None and not (isinstance(http2, Scalar) and http2.written.lower() == "false"):
        document.report(http2.line, http2.path, "is not supported; write false, or leave it out")
    return {} if headers is None else _headers(document, headers)


def _headers(document: Document, node: Node) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in document.table(node, _HEADERS, {}).nodes.items():
        text = document.text(value)
        values = _HEADERS.get(name, ())
        if text is not None and not _PRINTABLE.fullmatch(text):
            document.report(value.line, value.path, "must be one line of printable ASCII")
        elif text and values and text not in values:
            document.report(value.line, value.path, f"must be {' or '.join(values)}")
        headers[name] = text or ""
    return headers
