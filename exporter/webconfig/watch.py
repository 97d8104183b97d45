"""A web configuration that is read again when it changes, so that renewed certificates are picked up."""

import logging
import threading
from pathlib import Path
from typing import Final

from exporter.config.problem import InvalidConfig
from exporter.httpd.security import Security, taken_away
from exporter.model.clock import Clock
from exporter.process.permissions import Exposure
from exporter.webconfig.files import changed
from exporter.webconfig.load import read

CHECK_INTERVAL: Final = 2.0
"""Seconds in which the files are compared at most once."""

_log = logging.getLogger("exporter.web")


class WebConfigFile:
    """What the file at ``path`` and the files it names say now.

    Contents are compared, not times: a Kubernetes Secret changes by swapping a symbolic link. A change for the
    worse is logged and what was valid before stays. So is one that takes a guard away: a file that is being
    written is empty, or ends too early, for a moment. A private key or hashes of passwords that every user of the
    machine can read are warned of. Safe to use from several threads.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises :class:`~exporter.config.problem.InvalidConfig`."""
        self._path = path
        self._clock = clock
        first, files = read(path)
        if isinstance(first, InvalidConfig):
            raise first
        self._security = first
        self._seen = files.contents
        self._exposure = Exposure()
        self._exposure.look(files.secret)
        self._checked = clock.monotonic()
        self._lock = threading.Lock()

    def current(self) -> Security:
        """Takes microseconds, or the time to read a few small files once in :data:`CHECK_INTERVAL`."""
        now = self._clock.monotonic()
        with self._lock:
            if now - self._checked >= CHECK_INTERVAL:
                self._checked = now
                if changed(self._seen):
                    self._read_again()
            return self._security

    def _read_again(self) -> None:
        latest, files = read(self._path)
        self._seen = files.contents
        if isinstance(latest, InvalidConfig):
            self._refuse("; ".join(str(problem) for problem in latest.problems))
        elif lost := taken_away(self._security, latest):
            self._refuse(
                f"{self._path}: takes away {' and '.join(lost)}; restart the exporter if that is meant"
            )
        else:
            self._security = latest
            _log.info("the web configuration was reloaded")
            self._exposure.look(files.secret)

    def _refuse(self, problem: str) -> None:
        _log.error("the web configuration was not reloaded", extra={"problem": problem})
