"""A web configuration that is read again when it changes, so that renewed certificates are picked up."""

import logging
import threading
from pathlib import Path
from typing import Final

from exporter.config.files import TrackedFiles
from exporter.config.problem import InvalidConfig
from exporter.httpd.security import Security
from exporter.process.logs import log_unexpected
from exporter.process.permissions import PermissionChecker
from exporter.webconfig.load import load

CHECK_INTERVAL: Final = 2.0

_log = logging.getLogger(__name__)


class WebConfigFile:
    """The content of the file at ``path`` and of the files it refers to.

    An invalid change is logged and the last valid content stays. So it is if TLS or passwords are gone: a file that is
    being written is empty, or ends too early, for a moment. A private key or hashes of passwords that every user of the
    machine can read are warned of.
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
