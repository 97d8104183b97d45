"""A bug of our own → a log line of its type and place. Its text may hold a secret, and is not told."""

import logging
import traceback
from types import TracebackType

_log = logging.getLogger(__name__)


def report(kind: type[BaseException], raised_at: TracebackType | None) -> None:
    """Log what nobody expected."""
    place = traceback.extract_tb(raised_at)[-1:]
    extra = {"file": place[0].filename, "line": place[0].lineno} if place else {}
    _log.error("unexpected error, please report it", extra={"error": kind.__name__, **extra})
