"""An unexpected exception → a log line with its type and place, without its text, which may contain a secret."""

import contextlib
import logging
import traceback
from types import TracebackType

_log = logging.getLogger(__name__)


def log_unexpected(kind: type[BaseException], raised_at: TracebackType | None) -> None:
    """Log an exception of this type, raised at this place. Never raise: the caller must go on."""
    with contextlib.suppress(Exception):
        place = traceback.extract_tb(raised_at)[-1:]
        extra = {"file": place[0].filename, "line": place[0].lineno} if place else {}
        _log.error("unexpected error, please report it", extra={"error": kind.__name__, **extra})
