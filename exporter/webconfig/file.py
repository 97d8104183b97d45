"""The file that ``--web.config.file`` names → TLS, passwords and headers; it is in the exporter-toolkit's format.

It is read again when it changes, so that renewed certificates are picked up.
"""

import logging
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exporter.config.document import Context, read_document
from exporter.config.files import PermissionChecker, TrackedFiles, shown_path
from exporter.config.problem import InvalidConfig, Problems
from exporter.config.section import SectionValues, Unusable, Value, usable
from exporter.httpd.security import Security, ServerTls, server_context
from exporter.process.logs import log_unexpected
from exporter.webconfig import keys

_TOO_WEAK: Final = "belongs to a certificate in cert_file that is too weak for OpenSSL; renew it"
_PROBLEMS: Final = {
    "KEY_VALUES_MISMATCH": "names a file with a key that does not match the certificate in cert_file",
    "EE_KEY_TOO_SMALL": _TOO_WEAK,
    "CA_KEY_TOO_SMALL": _TOO_WEAK,
    "CA_MD_TOO_WEAK": _TOO_WEAK,
}
_UNUSABLE: Final = "names a file that contains no private key that OpenSSL can use"

CHECK_INTERVAL: Final = 2.0

_log = logging.getLogger(__name__)


def load(path: Path, files: TrackedFiles | None = None) -> Security:
    """Read the web configuration. Raise :class:`~exporter.config.problem.InvalidConfig` with every problem.

    ``files`` takes note of every file that is read, and of those that hold a secret.
    """
    files = files or TrackedFiles(path.parent)
    context = Context(Problems(shown_path(path), keys.KNOWN_KEYS), files)
    root = read_document(path.name, context, advice="give another file with --web.config.file")
    read = () if root is None else usable(_security, Value(root, root.line, None, context), path)
    if context.problems:
        raise context.problems.error()
    (security,) = read
    return security


def _security(value: Value, path: Path) -> Security:
    keys.refuse_empty(value, "add tls_server_config or basic_auth_users, or start without --web.config.file")
    document = SectionValues(keys.DOCUMENT, value)
    tls = document.get(keys.TLS_SECTION)
    server = () if tls is None else usable(_server_tls, tls)
    users = document.get(keys.USERS)
    if document.has(keys.USERS):
        value.context.files.mark_secret(path.name)  # passwords can be guessed from their hashes
    return Security(server[0] if server else None, users, _headers(document))


def _server_tls(values: SectionValues) -> ServerTls:
    """Return the settings of ``tls_server_config``. Raise :class:`Unusable` after reporting what is wrong."""
    _check_clients(values)
    lowest, highest = values.get(keys.MIN_VERSION), values.get(keys.MAX_VERSION)
    are_in_order = lowest is None or highest is None or lowest <= highest
    if not are_in_order:
        values.report(keys.MAX_VERSION, "is below min_version")
    context = _context(values)
    if lowest is None or highest is None or not are_in_order:
        raise Unusable
    context.minimum_version, context.maximum_version = lowest, highest
    check, authorities = values[keys.CLIENT_AUTH_TYPE], values[keys.CLIENT_CA_FILE]
    if authorities is not None and check != keys.NO_CERTIFICATE:
        context.load_verify_locations(cadata=authorities)
        context.verify_mode = ssl.CERT_REQUIRED if check == keys.REQUIRED else ssl.CERT_OPTIONAL
    allowed = values[keys.CLIENT_ALLOWED_SANS]
    return ServerTls(context, frozenset(allowed or ()))


def _context(values: SectionValues) -> ssl.SSLContext:
    certificates, key = values[keys.CERT_FILE], values[keys.KEY_FILE]
    assert certificates is not None, "it is required"
    assert key is not None, "it is required"
    try:
        return server_context(certificates, key)
    except ssl.SSLError as error:
        values.report(keys.KEY_FILE, _PROBLEMS.get(error.reason or "", _UNUSABLE))
        raise Unusable from None


def _check_clients(values: SectionValues) -> None:
    """Report keys about client certificates that do nothing without another."""
    check, names = values.get(keys.CLIENT_AUTH_TYPE), values.get(keys.CLIENT_ALLOWED_SANS)
    ca_file, sans = keys.CLIENT_CA_FILE, keys.CLIENT_ALLOWED_SANS
    if check == keys.NO_CERTIFICATE and values.has(ca_file):
        values.report(ca_file, f"has no use without client_auth_type; write {keys.REQUIRED} there")
    if check not in (None, keys.NO_CERTIFICATE) and not values.has(ca_file):
        values.report(keys.CLIENT_AUTH_TYPE, "needs a client_ca_file to verify certificates with")
    if check not in (None, keys.REQUIRED) and names:
        values.report(
            sans,
            f"needs client_auth_type {keys.REQUIRED}; any other type admits clients without a verified name",
        )


def _headers(document: SectionValues) -> Mapping[str, str]:
    http = document.get(keys.HTTP_SECTION)
    headers = None if http is None else http.get(keys.HEADERS_SECTION)
    if headers is None:
        return {}
    written = {name: headers.get(key) for name, key in keys.HEADERS.keys.items()}
    return {name: text for name, text in written.items() if text is not None}


class WebConfigFile:
    """The content of the file at ``path`` and of the files it refers to.

    An invalid change is logged, and the last valid content stays. So does a change that removes TLS or passwords: a
    file that is being written may be incomplete. A warning is logged if every user of the machine can read a private
    key or password hashes.
    """

    def __init__(self, path: Path, interval: float = CHECK_INTERVAL) -> None:
        """The files are compared every ``interval`` seconds. Raise :class:`~exporter.config.problem.InvalidConfig`."""
        self._path = path
        self._interval = interval
        self._files = TrackedFiles(path.parent)
        self._security = load(path, self._files)
        self._seen = self._files.held()
        self._permissions = PermissionChecker()
        self._permissions.check(self._files.secrets)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="web-config", daemon=True)

    def start(self) -> None:
        """Begin to compare the files, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop comparing. Does not wait: a file system may hang."""
        self._stopping.set()

    def current(self) -> Security:
        """Return the current configuration. This never blocks, so an event loop may call it."""
        return self._security

    def check(self) -> None:
        """Read the files again if one of them changed. Never raises; takes as long as the files do."""
        try:
            now = self._files.look()
            if now != self._seen:
                self._seen = now
                self._read_again()
        except Exception as error:  # what was valid before must go on serving
            log_unexpected(error)

    def _watch(self) -> None:
        while not self._stopping.wait(self._interval):
            self.check()

    def _read_again(self) -> None:
        files = self._files.unread()
        try:
            latest = load(self._path, files)
            lost = " and ".join(_removed_protection(self._security, latest))
            problem = lost and f"{self._path}: removes {lost}; restart the exporter if this is intended"
        except InvalidConfig as error:
            problem = "; ".join(map(str, error.problems))
        self._files, self._seen = files, files.held()
        if problem:
            _log.error("the web configuration was not reloaded", extra={"problem": problem})
            return
        self._security = latest
        _log.info("the web configuration was reloaded")
        self._permissions.check(files.secrets)


def _removed_protection(before: Security, after: Security) -> tuple[str, ...]:
    """Return, in words, which access controls the new configuration would remove."""
    old, new = before.tls, after.tls
    is_lost = {
        "TLS": old and not new,
        "the passwords": before.users and not after.users,
        "the check of client certificates": old and new and new.context.verify_mode < old.context.verify_mode,
        "client_allowed_sans": old and new and old.allowed_sans and not new.allowed_sans,
    }
    return tuple(what for what, lost in is_lost.items() if lost)
