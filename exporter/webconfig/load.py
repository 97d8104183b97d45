"""The file that ``--web.config.file`` names: TLS, passwords and headers, in the exporter-toolkit's format."""

from collections.abc import Mapping
from pathlib import Path

from exporter.config.document import read_document
from exporter.config.files import TrackedFiles
from exporter.config.problem import Problems
from exporter.config.section import SectionValues
from exporter.config.value import Context, Value, usable
from exporter.httpd.security import Security
from exporter.webconfig import keys
from exporter.webconfig.tls import server_tls


def load(path: Path, files: TrackedFiles | None = None) -> Security:
    """Read the web configuration. Raise :class:`~exporter.config.problem.InvalidConfig` with every problem.

    ``files`` takes note of every file that is read, and of those that hold a secret.
    """
    files = files or TrackedFiles(path.parent)
    context = Context(Problems(str(path), keys.KNOWN_KEYS), files)
    root = read_document(path.name, context, advice="name another file with --web.config.file")
    read = () if root is None else usable(_security, Value(root, root.line, None, context), path)
    if context.problems:
        raise context.problems.error()
    (security,) = read
    return security


def _security(value: Value, path: Path) -> Security:
    keys.refuse_empty(value, "add tls_server_config or basic_auth_users, or start without --web.config.file")
    document = SectionValues(keys.DOCUMENT, value)
    tls = document.get(keys.TLS_SECTION)
    server = () if tls is None else usable(server_tls, tls)
    users = document.get(keys.USERS)
    if document.has(keys.USERS):
        value.context.files.mark_secret(path.name)  # passwords can be guessed from their hashes
    return Security(server[0] if server else None, users, _headers(document))


def _headers(document: SectionValues) -> Mapping[str, str]:
    http = document.get(keys.HTTP_SECTION)
    headers = None if http is None else http.get(keys.HEADERS_SECTION)
    if headers is None:
        return {}
    written = {name: headers.get(key) for name, key in keys.HEADERS.keys.items()}
    return {name: text for name, text in written.items() if text is not None}
