"""The file that ``--web.config.file`` names: TLS, passwords and headers, in the exporter-toolkit's format."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from exporter.config.document import Node, Reader
from exporter.config.problem import InvalidConfig
from exporter.httpd.basic_auth import Users, is_bcrypt_hash
from exporter.httpd.security import Security
from exporter.model.secret import Secret
from exporter.webconfig.files import Files
from exporter.webconfig.section import Report, Section
from exporter.webconfig.tls import TLS_KEYS, UNSUPPORTED_TLS_KEYS, read_tls

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


def read(path: Path) -> tuple[Security | InvalidConfig, Files]:
    """The web configuration, or what is wrong with it; and in both cases the files that were read to learn that."""
    reader, files = Reader(str(path), environ=None), Files(path)
    try:
        root = reader.read(files.read(path))
    except ValueError as error:
        reader.report(1, "", str(error))
        root = None
    security = Security() if root is None else _security(root, reader.report, files)
    if security.users is not None:
        files.keep_secret(path)  # passwords can be guessed from their hashes
    return (InvalidConfig(reader.problems) if reader.problems else security), files


def _security(root: Node, report: Report, files: Files) -> Security:
    top = Section(root, "", report, known=_KEYS, unsupported=_UNSUPPORTED)
    tls = top.section("tls_server_config", known=TLS_KEYS, unsupported=UNSUPPORTED_TLS_KEYS)
    users = top.section("basic_auth_users", known=None)
    http = top.section("http_server_config", known={"http2", "headers"})
    return Security(
        tls=None if tls is None else read_tls(tls, files),
        users=None if users is None else _users(users),
        headers={} if http is None else _http(http),
    )


def _users(section: Section) -> Users | None:
    users: dict[str, Secret] = {}
    for user in section.keys:
        if not user or ":" in user:
            section.report(user, "is no user name: it must not be empty nor have a colon")
        hashed = section.value(user, _bcrypt_hash)
        if hashed is not None:
            users[user] = hashed
    return users or None


def _bcrypt_hash(text: str) -> Secret:
    if not is_bcrypt_hash(text):
        raise ValueError("is no bcrypt hash; make one with: htpasswd -nBC 10 ''")
    return Secret(text)


def _http(section: Section) -> Mapping[str, str]:
    if "http2" in section.keys and not section.is_false("http2"):
        section.report("http2", "is not supported; write false, or leave it out")
    headers = section.section("headers", known=_HEADERS)
    if headers is None:
        return {}
    return {name: headers.value(name, partial(_header, name)) or "" for name in headers.keys}


def _header(name: str, text: str) -> str:
    values = _HEADERS.get(name, ())
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("must be one line of printable ASCII")
    if text and values and text not in values:
        raise ValueError(f"must be {' or '.join(values)}")
    return text
