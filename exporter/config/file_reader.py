"""Files are read on a separate thread, so that a file system that hangs does not block other work."""

import os
import queue
import stat
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

PATIENCE: Final = 10.0
"""Seconds that reading one file may take."""

_IDLE: Final = 1.0
"""Seconds after which the thread ends."""

_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_NO_THREAD: Final = (
    "cannot be read: this machine gives the exporter too few threads; raise its limits (ulimit -u, pids.max)"
)
_HUNG: Final = "did not answer within {:g} s; is its file system available?"


class UnreadableFile(ValueError):
    """A file cannot be used; the text is a phrase that can follow its name."""


class MissingFile(UnreadableFile):
    """There is no such file."""

    def __init__(self) -> None:
        super().__init__("does not exist")


class WrongKind(UnreadableFile):
    """There is something else of this name; ``kind`` says what, such as ``a directory``."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"is {kind}, not a regular file")
        self.kind = kind


class FileReader:
    """Reads regular files of bounded size, one after another. Safe to use from several threads.

    A read that takes longer than ``patience`` seconds is abandoned. Until it ends, all other reads are refused
    immediately, so that at most one thread is blocked.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._thread_lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._current: Future[Any] | None = None

    def read(self, path: Path, limit: int) -> bytes:
        """Return the content of a regular file of at most ``limit`` bytes. Raise :class:`UnreadableFile`."""
        return self.call(lambda: read_regular_file(path, limit))

    def call(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns. Raise what it raises, or :class:`UnreadableFile`."""
        with self._lock:
            if self._is_waiting():
                raise UnreadableFile("cannot be read while another file does not respond")
            answer: Future[T] = Future()
            self._begin(partial(_fulfil, answer, work))
            self._current = answer
            try:
                return answer.result(self._patience)
            except FutureTimeout:
                raise UnreadableFile(_HUNG.format(self._patience)) from None

    def _is_waiting(self) -> bool:
        """Return whether the thread is still blocked by an abandoned read."""
        thread = self._thread
        pending = self._current is not None and not self._current.done()
        return pending and thread is not None and thread.is_alive()

    def _begin(self, job: Callable[[], None]) -> None:
        with self._thread_lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = self._start_thread()
            self._jobs.put(job)

    def _start_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._work, name="files", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            raise UnreadableFile(_NO_THREAD) from None
        return thread

    def _work(self) -> None:
        """Run jobs, and end when none has come for a while."""
        while True:
            try:
                job = self._jobs.get(timeout=_IDLE)
            except queue.Empty:
                with self._thread_lock:
                    if self._jobs.empty():
                        self._thread = None
                        return
                continue
            job()


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most ``limit`` bytes. Raise :class:`UnreadableFile` for any other."""
    try:
        _check_kind(os.stat(path))  # opening a device can have effects
        with open(path, "rb", opener=_open_without_waiting) as stream:
            _check_kind(os.fstat(stream.fileno()))
            content = stream.read(limit + 1)
    except FileNotFoundError:
        raise MissingFile from None
    except UnreadableFile:
        raise
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise UnreadableFile("has a name that is not valid for a file") from None
    if content is None:  # such as /proc/kmsg, which looks like a regular file
        raise UnreadableFile("gives no content; is it a regular file?")
    if len(content) > limit:
        raise UnreadableFile(f"is larger than {_size(limit)}")
    return content


def _fulfil(answer: Future[T], work: Callable[[], T]) -> None:
    try:
        answer.set_result(work())
    except BaseException as error:  # whoever waits for it must be told
        answer.set_exception(error)


def _check_kind(status: os.stat_result) -> None:
    for is_kind, name in _KINDS:
        if is_kind(status.st_mode):
            raise WrongKind(name)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)


def _size(limit: int) -> str:
    return f"{limit // 1024} KiB" if limit < 1024 * 1024 else f"{limit // 1024 // 1024} MiB"
