"""The web configuration's file and those it names: what was read of each, so that a change can be seen."""

from collections.abc import Mapping
from pathlib import Path

Contents = Mapping[Path, bytes | None]
"""What each file held; ``None`` where it could not be read."""


class Files:
    """Reads files and keeps what was read. Names are relative to the folder of ``main``."""

    def __init__(self, main: Path) -> None:
        self._folder = main.parent
        self._contents: dict[Path, bytes | None] = {}
        self._secret: list[Path] = []

    @property
    def contents(self) -> Contents:
        return self._contents

    @property
    def secret(self) -> tuple[Path, ...]:
        """Those of which :meth:`keep_secret` told."""
        return tuple(self._secret)

    def keep_secret(self, file: Path) -> None:
        """Take note that it holds what not every user of the machine should read."""
        self._secret.append(file)

    def resolve(self, name: str) -> Path:
        return self._folder / name

    def read(self, file: Path) -> str:
        """Raises :class:`ValueError` with a phrase that can follow the file's name."""
        content = self._contents[file] = content_of(file)
        if content is None:
            raise ValueError("cannot be read; does it exist, and may this user read it?")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise ValueError("is not UTF-8 text") from None


def content_of(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def changed(contents: Contents) -> bool:
    """Whether any of the files holds something else now."""
    return any(content_of(file) != content for file, content in contents.items())
