"""Log lines on stderr, as logfmt or JSON, written on a separate thread: logging never waits for who reads the log.

Only the exporter's own loggers are written: libraries log URLs, and a URL of Z-API holds a token.
"""

import contextlib
import json
import logging
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from exporter.process.output import write_all

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("logfmt", "json")
_OWN_LOGGER: Final = "exporter"
_STANDARD_ATTRIBUTES: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
MOST_WAITING: Final = 1024 * 1024
"""Most bytes of lines that wait to be written; further lines are dropped."""

LOG_GRACE: Final = 2.0
"""Seconds that the last lines of the log may take."""

_DROPPED_LINES: Final = b""
"""Marks the place of dropped lines in the queue; their number is known when it is reached."""

_log = logging.getLogger(__name__)


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
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


class LineWriter:
    """Writes lines to ``descriptor`` in order, and drops and counts lines that do not fit into the buffer.

    ``tell`` makes the line that reports how many lines were dropped. A line that cannot be written, because the disk is
    full or the reader gone, counts as dropped. Safe to use from many threads.
    """

    def __init__(
        self, descriptor: int, tell: Callable[[int], str], *, most_waiting: int = MOST_WAITING
    ) -> None:
        self._descriptor = descriptor
        self._tell = tell
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._untold = 0
        self._note_waits = False
        self._started = False

    @property
    def dropped(self) -> int:
        """How many lines were dropped so far."""
        return self._dropped

    def write(self, line: str) -> None:
        """Have the line written, without waiting for it."""
        data = line.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._size + len(data) > self._most_waiting:
                self._drop()
                self._note()
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify_all()
            if not self._started:
                self._start()

    def close(self, timeout: float) -> None:
        """Wait until all lines are written, for at most ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, timeout)

    def _start(self) -> None:
        try:
            threading.Thread(target=self._run, name="log", daemon=True).start()
            self._started = True
        except RuntimeError:  # the machine has no thread left: whoever logs does the work
            while self._waiting:
                self._write_next()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            self._write_next()

    def _write_next(self) -> None:
        with self._changed:
            data, told = self._waiting[0], 0
            if not data:
                told, self._untold, self._note_waits = self._untold, 0, False
        written = False
        with contextlib.suppress(Exception):  # whatever it is, the lines to come must be tried
            write_all(self._descriptor, self._tell(told).encode() if told else data)
            written = True
        with self._changed:
            self._waiting.popleft()
            self._size -= len(data)
            if not written and told:
                self._untold += told
            elif not written:
                self._drop()
            elif self._untold:
                self._note()
            self._changed.notify_all()

    def _note(self) -> None:
        if not self._note_waits:
            self._waiting.append(_DROPPED_LINES)
            self._note_waits = True

    def _drop(self) -> None:
        self._dropped += 1
        self._untold += 1
