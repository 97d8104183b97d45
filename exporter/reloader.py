"""A changed configuration → a running daemon: on request, and when the files of the configuration change."""

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from exporter.config.files import Fingerprint
from exporter.config.problem import InvalidConfig
from exporter.daemon import Daemon
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import Clock
from exporter.model.settings import Config
from exporter.process.logs import log_unexpected
from exporter.zapi.proxy import UnusableProxy

Load = Callable[[], Config]
"""Reads the configuration; raises :class:`~exporter.config.problem.InvalidConfig`."""

SETTLING: Final = 1.0
"""Seconds for which changed files must stay the same: a file that is being written may look whole."""

_MOST_NAMED: Final = 5

_log = logging.getLogger(__name__)


class Reloader:
    """Loads the configuration again and applies it to a daemon. Safe to use from many threads."""

    def __init__(self, load: Load, daemon: Daemon, telemetry: Telemetry) -> None:
        self._load = load
        self._daemon = daemon
        self._telemetry = telemetry
        self._lock = threading.Lock()

    def reload(self) -> tuple[str, ...]:
        """Load and apply the configuration; if it is invalid, change nothing and return every problem."""
        with self._lock:
            problems = self._try()
        if problems:
            self._telemetry.reload_failed()
        for problem in problems:
            _log.error("the configuration was not reloaded", extra={"problem": problem})
        return problems

    def _try(self) -> tuple[str, ...]:
        try:
            self._daemon.apply(self._load())
        except InvalidConfig as error:
            return tuple(str(problem) for problem in error.problems)
        except UnusableProxy as error:
            return (str(error),)
        except Exception as error:  # a file of configuration must never end what runs
            log_unexpected(error)
            return ("an unexpected error of the exporter itself; see the log",)
        return ()


class WatchedFiles(Protocol):
    """The files of a configuration; see :class:`~exporter.config.load.ConfigFile`."""

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
