"""The files of a configuration: found by name or shell pattern, read once for a load, and compared afterwards.

They are read on a separate thread, so that a file system that hangs does not block other work.

Contents are compared, not names or times: a Kubernetes Secret changes by swapping a symbolic link.
"""

import hashlib
import logging
import os
import queue
import re
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from fnmatch import filter as matching_names
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

MAX_SECRET_BYTES: Final = 65_536
MAX_BYTES: Final = 1024 * 1024
"""Most bytes of a file of certificates; the public authorities of all systems are a quarter of it."""

_MAGIC: Final = re.compile(r"[*?[]")
ABSENT: Final = (FileNotFoundError, NotADirectoryError)
"""Errors of a path at which there is nothing."""

Fingerprint = Mapping[Path, bytes | None]
"""A digest of the content of each file, or of the names that a pattern matches; ``None`` if there is none to read."""

_log = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class Matches:
    """The files that a pattern matches, sorted. With a ``problem``, there may be others."""

    files: tuple[Path, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    problem: UnreadableFile | None
    limit: int
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class _Tracked:
    """What every :class:`TrackedFiles` of one load shares."""

    files: dict[Path, _File] = field(default_factory=dict)
    secrets: dict[Path, None] = field(default_factory=dict)
    patterns: dict[Path, bytes | None] = field(default_factory=dict)


class TrackedFiles:
    """The files that one load reads. Names are relative to ``folder``."""

    def __init__(
        self, folder: Path, reader: FileReader | None = None, tracked: _Tracked | None = None
    ) -> None:
        self._folder = folder
        self._reader = reader or FileReader()
        self._tracked = tracked or _Tracked()

    @property
    def secrets(self) -> tuple[Path, ...]:
        """The files that hold a secret: read by :meth:`secret`, or marked; in that order."""
        return tuple(self._tracked.secrets)

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that was requested, in order, whether it could be read or not."""
        return tuple(self._tracked.files)

    def below(self, folder: Path) -> "TrackedFiles":
        """Return the same files, with names relative to another folder."""
        return TrackedFiles(folder, self._reader, self._tracked)

    def unread(self) -> "TrackedFiles":
        """Return an empty record with the same folder and reader: a read that hangs still blocks others."""
        return TrackedFiles(self._folder, self._reader)

    def path(self, name: str) -> Path:
        """Return where a name leads."""
        return self._folder / name

    def read(self, name: str | Path, limit: int = MAX_BYTES) -> bytes:
        """Return the content of a file. Raise :class:`UnreadableFile`."""
        path = self._folder / name
        file = self._tracked.files.get(path)
        if file is None:
            file = self._tracked.files[path] = self._read(path, limit)
        if file.problem is not None:
            raise file.problem.with_traceback(None)  # it is raised for every name of the file
        return file.content

    def secret(self, name: str | Path) -> str:
        """Return the text of a file, without line breaks at its end. Raise :class:`UnreadableFile`."""
        content = self.read(name, MAX_SECRET_BYTES)
        try:
            text = content.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise UnreadableFile("is not UTF-8 text") from None
        if not text:
            raise UnreadableFile("is empty")
        self.mark_secret(name)
        return text

    def mark_secret(self, name: str | Path) -> None:
        """Note that this file holds a secret."""
        self._tracked.secrets[self._folder / name] = None

    def matching(self, pattern: str) -> Matches:
        """Return the files whose names match a shell pattern."""
        whole = self._folder / pattern
        try:
            found = self._reader.call(partial(find_matches, whole))
        except UnreadableFile as error:
            found = Matches((), str(error))
        told = "\0".join((*map(str, found.files), found.problem or ""))
        self._tracked.patterns[whole] = _digest(told.encode(errors="surrogateescape"))
        return found

    def held(self) -> Fingerprint:
        """Return the digests of the files as they were read."""
        return {path: file.digest for path, file in self._tracked.files.items()} | self._tracked.patterns

    def look(self) -> Fingerprint:
        """Read the files again and return the digests of their content now."""
        now = self.unread()
        for pattern in self._tracked.patterns:
            now.matching(str(pattern))
        for path, file in self._tracked.files.items():
            now._tracked.files[path] = self._read(path, file.limit)
        return now.held()

    def _read(self, path: Path, limit: int) -> _File:
        try:
            content = self._reader.read(path, limit)
        except UnreadableFile as problem:
            return _File(b"", problem, limit, None)
        return _File(content, None, limit, _digest(content))


def shown_path(path: Path) -> str:
    """Return a path as text for labels, pages and the log: bytes that are not UTF-8 become ``\\xff``."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def find_matches(pattern: Path) -> Matches:
    """Return the files that a pattern matches. Only a part that begins with a dot matches hidden names.

    :mod:`glob` treats a folder that cannot be listed as empty, so its instances would be removed.
    """
    places, problems = [Path(pattern.anchor)], list[str]()
    for part in pattern.relative_to(pattern.anchor).parts:
        find = _listed if _MAGIC.search(part) else _present
        places = [found for place in places for found in find(place, part, problems)]
    return Matches(tuple(sorted(places, key=str)), problems[0] if problems else None)


def _listed(folder: Path, part: str, problems: list[str]) -> Iterator[Path]:
    try:
        names = os.listdir(folder)
    except ABSENT:
        return
    except OSError as error:
        problems.append(f"{shown_path(folder)} cannot be listed: {error.strerror}")
        return
    for name in matching_names(names, part):
        if not name.startswith(".") or part.startswith("."):
            yield folder / name


def _present(folder: Path, part: str, problems: list[str]) -> Iterator[Path]:
    place = folder / part
    try:
        place.lstat()
    except ABSENT:
        return
    except OSError as error:
        problems.append(f"{shown_path(place)} cannot be looked for: {error.strerror}")
        return
    yield place


class PermissionChecker:
    """Warns about a file when it is first found exposed, and again only if it was protected in between."""

    def __init__(self) -> None:
        self._known: frozenset[Path] = frozenset()

    def check(self, files: Iterable[Path]) -> None:
        """Check ``files``: all that hold a secret now. A file that does not exist is not exposed."""
        exposed = tuple(filter(_is_exposed, files))
        for file in exposed:
            if file not in self._known:
                _log.warning(
                    "every user of this machine can read a secret file; run chmod o-r on it",
                    extra={"path": str(file)},
                )
        self._known = frozenset(exposed)


def _is_exposed(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
