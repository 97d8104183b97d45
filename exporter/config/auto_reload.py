"""Reload when the files of the configuration change."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from exporter.config.files import Fingerprint
from exporter.model.clock import Clock
from exporter.process.logs import log_unexpected

SETTLING: Final = 1.0
"""Seconds for which changed files must stay the same: a file that is being written may look whole."""

_MOST_NAMED: Final = 5

_log = logging.getLogger(__name__)


class WatchedFiles(Protocol):
    """The files of a configuration; see :class:`~exporter.config.source.ConfigFile`."""

    @property
    def held(self) -> Fingerprint:
        """The content of the files at the last load."""

    def holds(self) -> Fingerprint:
        """Return the content of the same files now."""


class AutoReload:
    """Reloads when the content of the files differs from that of the last load, whether that load succeeded or not.

    Compares every ``interval`` seconds, and again soon after a change: content is loaded once two comparisons in a
    row find the same. So invalid content is tried, and logged, only once.
    """

    def __init__(
        self, files: WatchedFiles, reload: Callable[[], object], interval: float, clock: Clock
    ) -> None:
        self._files = files
        self._reload = reload
        self._interval = interval
        self._clock = clock
        self._changed: Fingerprint | None = None
        self.due = clock.monotonic() + interval

    def run(self) -> None:
        """Compare once. An error is logged and does not stop later comparisons."""
        pause = self._interval
        try:
            pause = self._look()
        except Exception as error:  # no memory, most likely: later changes must still be seen
            log_unexpected(error)
        self.due = self._clock.monotonic() + pause

    def _look(self) -> float:
        """Reload where that is due; return the seconds until the next look."""
        holds = self._files.holds()
        if holds == self._files.held:
            self._changed = None
        elif holds != self._changed:
            self._changed = holds
            return min(self._interval, SETTLING)
        else:
            _log.info("configuration files have changed", extra={"path": self._name_changed(holds)})
            self._reload()
        return self._interval

    def _name_changed(self, holds: Fingerprint) -> str:
        held = self._files.held
        names = [str(file) for file in holds if holds[file] != held.get(file)]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return ", ".join(names[:_MOST_NAMED]) + more
