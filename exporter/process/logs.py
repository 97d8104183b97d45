"""Log lines on stderr, as logfmt or JSON.

Only the exporter's own loggers are written: libraries log URLs, and a URL of Z-API holds a token.
"""

import contextlib
import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

_log = logging.getLogger(__name__)

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("logfmt", "json")
_OWN_LOGGER: Final = "exporter"
_STANDARD_ATTRIBUTES: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def log_unexpected(error: BaseException) -> None:
    """Log the type of an exception and where it was raised. Never raise: the caller must go on."""
    with contextlib.suppress(Exception):
        place = traceback.extract_tb(error.__traceback__)[-1:]
        extra = {"file": place[0].filename, "line": place[0].lineno} if place else {}
        _log.error("unexpected error, please report it", extra={"error": type(error).__name__, **extra})


def set_up(level: str, fmt: str, write: Callable[[str], object]) -> None:
    """Pass the exporter's own log lines of ``level`` and above to ``write``, and no others."""
    handler = _Handler(write)
    handler.setFormatter(_formatter(fmt))
    logging.getLogger().handlers = [logging.NullHandler()]
    logger = logging.getLogger(_OWN_LOGGER)
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(level.upper())


def guard_tracebacks() -> None:
    """Log the type and place of an uncaught exception in place of a traceback, which may contain a secret."""
    sys.excepthook = lambda kind, error, traceback: log_unexpected(error)
    threading.excepthook = lambda args: log_unexpected(args.exc_value or args.exc_type())
    sys.unraisablehook = _log_unraisable


def _log_unraisable(raised: "sys.UnraisableHookArgs") -> None:
    """Log a failed finalizer at level debug: most likely the object was never completed."""
    logging.getLogger(__name__).debug("a finalizer failed", extra={"error": raised.exc_type.__name__})


def count_dropped(fmt: str, count: int) -> str:
    """Return the log line that reports ``count`` dropped lines."""
    record = logging.LogRecord(
        _OWN_LOGGER, logging.WARNING, "", 0, "log lines were dropped: they were not read in time", None, None
    )
    record.lines = count
    return f"{_formatter(fmt).format(record)}\n"


class _Handler(logging.Handler):
    """Writes lines. A line that cannot be written must not stop the code that logs it."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):
            self._write(f"{self.format(record)}\n")


class _Formatter(logging.Formatter):
    def fields(self, record: logging.LogRecord) -> Mapping[str, Any]:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        own = {key: value for key, value in vars(record).items() if key not in _STANDARD_ATTRIBUTES}
        return {
            "ts": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
            **own,
        }


class _Logfmt(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_logfmt_value(value)}" for key, value in self.fields(record).items())


class _Json(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(json.dumps(self.fields(record), ensure_ascii=False, default=str))


def _formatter(fmt: str) -> _Formatter:
    return _Json() if fmt == "json" else _Logfmt()


def _logfmt_value(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text and not any(char in ' "=\\' or not char.isprintable() for char in text):
        return text
    return printable(json.dumps(text, ensure_ascii=False))


def printable(text: str) -> str:
    """Return the text with control characters, bidirectional ones too, as ``\\u`` escapes: no line can be forged."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return "".join(f"\\u{ord(unit):04x}" for unit in _utf16_units(char))


def _utf16_units(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return char
    return chr(0xD800 + ((code - 0x10000) >> 10)) + chr(0xDC00 + (code & 0x3FF))
