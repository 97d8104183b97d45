"""Logs a line when polls start running late, and a line when they are on time again."""

import logging
from typing import Final

_RECOVERED_AFTER: Final = 5
"""Intervals without a late poll after which polls count as on time again."""

_log = logging.getLogger(__name__)


class LatenessLog:
    """Logs one warning when polls start running late and one line when they recover."""

    def __init__(self) -> None:
        self._last_late: float | None = None

    def see(self, lateness: float | None, interval: float, now: float) -> None:
        """Note that a poll begins ``lateness`` seconds after it was due; ``None`` for a poll without a due time."""
        if lateness is None:
            return
        if lateness > interval / 2:
            if self._last_late is None:
                _log.warning(
                    "polls are late: raise polling.concurrency or polling.interval, or spread instances over shards",
                    extra={"lateness": f"{lateness:.1f}s", "interval": f"{interval:g}s"},
                )
            self._last_late = now
        elif self._last_late is not None and now - self._last_late > _RECOVERED_AFTER * interval:
            _log.info("polls are on time again")
            self._last_late = None
