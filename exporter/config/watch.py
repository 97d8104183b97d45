"""A configuration's files, and whether they hold something else by now.

Contents are compared, not names or times: a Kubernetes Secret changes by swapping a symbolic link.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from exporter.config.load import load
from exporter.model.settings import Config

_BLOCK: Final = 1024 * 1024

Fingerprint = Mapping[Path, bytes | None]
"""A digest of what each file holds; ``None`` for one that cannot be read."""


def fingerprint(files: Iterable[Path]) -> Fingerprint:
    return {file: _digest(file) for file in files}


class ConfigFile:
    """The configuration at ``path``. May be loaded from any thread, by one at a time."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ
        self._held: Fingerprint = {}

    @property
    def held(self) -> Fingerprint:
        """What the file, and those it names, held when it was last loaded, even if that failed."""
        return self._held

    def holds(self) -> Fingerprint:
        """What the same files hold now."""
        return fingerprint(self._held)

    def load(self) -> Config:
        """Raises :class:`~exporter.config.problem.InvalidConfig`."""
        held: dict[Path, bytes | None] = {}

        def look(file: Path) -> None:
            # Before it is read: what is written in between is then seen as a change.
            held[file] = _digest(file)

        try:
            return load(self._path, self._environ, before_reading=look)
        finally:
            self._held = held


def _digest(file: Path) -> bytes | None:
    digest = hashlib.blake2b(digest_size=16)
    try:
        if not file.is_file():
            return None  # a pipe would be waited for
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except (OSError, ValueError):
        return None
    return digest.digest()
