"""The files of a configuration, found by name or shell pattern: each is read once for a load, and compared afterwards.

Contents are compared, not names or times: a Kubernetes Secret changes by swapping a symbolic link.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import filter as matching_names
from functools import partial
from pathlib import Path
from typing import Final

from exporter.config.file_reader import FileReader, UnreadableFile

MAX_SECRET_BYTES: Final = 65_536
MAX_BYTES: Final = 1024 * 1024
"""Most bytes of a file of certificates; the public authorities of all systems are a quarter of it."""

_MAGIC: Final = re.compile(r"[*?[]")
_ABSENT: Final = (FileNotFoundError, NotADirectoryError)

Fingerprint = Mapping[Path, bytes | None]
"""A digest of the content of each file, or of the names that a pattern matches; ``None`` if there is none to read."""


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
        """Return the same folder and reader with none of the files read: what one that hangs holds up stays so."""
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
    """Return the files that a pattern matches. A hidden one matches only a name that begins with a dot.

    :mod:`glob` takes a folder that cannot be listed for an empty one: its instances would be removed for a lost
    permission.
    """
    places, problems = [Path(pattern.anchor)], list[str]()
    for part in pattern.relative_to(pattern.anchor).parts:
        find = _listed if _MAGIC.search(part) else _present
        places = [found for place in places for found in find(place, part, problems)]
    return Matches(tuple(sorted(places, key=str)), problems[0] if problems else None)


def _listed(folder: Path, part: str, problems: list[str]) -> Iterator[Path]:
    try:
        names = os.listdir(folder)
    except _ABSENT:
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
    except _ABSENT:
        return
    except OSError as error:
        problems.append(f"{shown_path(place)} cannot be looked for: {error.strerror}")
        return
    yield place
