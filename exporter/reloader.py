"""A changed configuration → a running daemon."""

import logging
import threading
from collections.abc import Callable

from exporter.config.problem import InvalidConfig
from exporter.daemon import Daemon
from exporter.metrics.self_metrics import Telemetry
from exporter.model.settings import Config
from exporter.process.logs import log_unexpected
from exporter.zapi.proxy import UnusableProxy

_log = logging.getLogger(__name__)

Load = Callable[[], Config]
"""Reads the configuration; raises :class:`~exporter.config.problem.InvalidConfig`."""


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
