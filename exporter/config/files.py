"""The files of a configuration: each is read once for a load, and compared by its content afterwards.

Contents are compared, not names or times: a Kubernetes Secret changes by swapping a symbolic link.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.config.file_reader import FileReader, UnreadableFile

MAX_SECRET_BYTES: Final = 65_536
MAX_BYTES: Final = 1024 * 1024
"""Most bytes of a file of certificates; the public authorities of all systems are a quarter of it."""

Fingerprint = Mapping[Path, bytes | None]
"""A digest of the content of each file; ``None`` for one that cannot be read."""


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    problem: str | None
    limit: int
    digest: bytes | None


class TrackedFiles:
    """The files that one load reads. Names are relative to ``folder``."""

    def __init__(self, folder: Path, reader: FileReader | None = None) -> None:
        self._folder = folder
        self._reader = reader or FileReader()
        self._files: dict[Path, _File] = {}
        self._secrets: dict[Path, None] = {}

    @property
    def secrets(self) -> tuple[Path, ...]:
        """The files of which :meth:`secret` gave the text, in order, and others that were marked."""
        return tuple(self._secrets)

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that was read, or could not be, in order."""
        return tuple(self._files)

    def read(self, name: str | Path, limit: int = MAX_BYTES) -> bytes:
        """The content of a file. Raises :class:`UnreadableFile`."""
        path = self._folder / name
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = self._read(path, limit)
        if file.problem is not None:
            raise UnreadableFile(file.problem)
        return file.content

    def secret(self, name: str | Path) -> str:
        """The text of a file, without line breaks at its end. Raises :class:`UnreadableFile`."""
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
        """Take note that not every user of the machine should read this file."""
        self._secrets[self._folder / name] = None

    def held(self) -> Fingerprint:
        """What the files held when they were read."""
        return {path: file.digest for path, file in self._files.items()}

    def look(self) -> Fingerprint:
        """What the files hold now."""
        return {path: self._read(path, file.limit).digest for path, file in self._files.items()}

    def changed(self) -> tuple[Path, ...]:
        """The files that hold something else now."""
        now = self.look()
        return tuple(path for path, file in self._files.items() if now[path] != file.digest)

    def _read(self, path: Path, limit: int) -> _File:
        try:
            content = self._reader.read(path, limit)
        except UnreadableFile as problem:
            return _File(b"", str(problem), limit, None)
        return _File(content, None, limit, hashlib.blake2b(content, digest_size=16).digest())
