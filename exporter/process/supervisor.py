"""Checks that the parts of the process still work; notifies the watchdog of systemd, and decides when to end the
process."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Final

from exporter.model.clock import Clock
from exporter.process.systemd import Systemd

PATIENCE: Final = 60.0
"""Seconds for which a part may make no progress before the process ends."""

_INTERVAL: Final = 5.0

Check = Callable[[], str | None]
"""Returns what is wrong, or ``None``."""

_log = logging.getLogger(__name__)


class PartFailed(Exception):
    """A part of the process has failed permanently. The text says which."""


class Supervisor:
    """A periodic task that checks the parts of the process, and sends keep-alive messages to systemd while they work.

    ``failures`` report parts that have ended, ``stalls`` parts that make no progress. systemd's watchdog receives no
    message while a part stalls; without a watchdog, or with a longer one, the process ends after :data:`PATIENCE`.
    """

    def __init__(
        self, failures: Sequence[Check], stalls: Sequence[Check], systemd: Systemd, clock: Clock
    ) -> None:
        self._failures = failures
        self._stalls = stalls
        self._systemd = systemd
        self._clock = clock
        watchdog = systemd.watchdog_interval
        self._interval = _INTERVAL if watchdog is None else min(_INTERVAL, watchdog / 2)
        # Looks are counted, not seconds: after the whole process stood still, each part gets time to go on.
        self._looks_left = self._patience = math.ceil(PATIENCE / self._interval)
        self.due = clock.monotonic()

    def run(self) -> None:
        """Check all parts. Raise :class:`PartFailed`."""
        self.due = self._clock.monotonic() + self._interval
        if (failed := _first(self._failures)) is not None:
            raise PartFailed(failed)
        stalled = _first(self._stalls)
        if stalled is None:
            self._looks_left = self._patience
            self._systemd.alive()
            return
        if self._looks_left == self._patience:
            _log.error(stalled)
        self._looks_left -= 1
        if self._looks_left == 0:
            raise PartFailed(f"{stalled} for {PATIENCE:.0f} seconds")


def _first(checks: Sequence[Check]) -> str | None:
    return next((wrong for check in checks if (wrong := check()) is not None), None)
