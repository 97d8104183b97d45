"""The files that a configuration names."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

MAX_SECRET_BYTES: Final = 65_536


class NamedFiles:
    """The files that are named relative to ``folder``; ``before_reading`` is told of each."""

    def __init__(self, folder: Path, before_reading: Callable[[Path], None]) -> None:
        self._folder = folder
        self._before_reading = before_reading
        self._secrets: dict[Path, str] = {}

    @property
    def of_secrets(self) -> tuple[Path, ...]:
        """Those of which :meth:`secret` gave the text, in order."""
        return tuple(self._secrets)

    def secret(self, name: str) -> str:
        """The text of a file, which is read once, without line breaks at its end.

        Raises :class:`ValueError` if there is none, with a message that says nothing of its content.
        """
        file = self._folder / name
        if file not in self._secrets:
            self._before_reading(file)
            self._secrets[file] = _secret(file)
        return self._secrets[file]

    def authorities(self, name: str) -> Path:
        """A file of certificates; raises :class:`ValueError` unless it holds one."""
        file = self._folder / name
        self._before_reading(file)
        _check_authorities(file)
        return file


def _check_authorities(file: Path) -> None:
    _check_regular(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(file)
    except ssl.SSLError:
        raise ValueError("names a file without a certificate; it takes PEM") from None
    except OSError as error:
        raise ValueError(f"names a file that cannot be read: {error.strerror}") from None
    if not context.cert_store_stats()["x509"]:
        raise ValueError("names a file without a certificate; it takes PEM")


def _secret(file: Path) -> str:
    _check_regular(file)
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ValueError(f"names a file that cannot be read: {error.strerror}") from None
    if len(content) > MAX_SECRET_BYTES:
        raise ValueError(f"names a file of more than {MAX_SECRET_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("names a file that is not UTF-8 text") from None
    if not text:
        raise ValueError("names an empty file")
    return text


def _check_regular(file: Path) -> None:
    try:
        exists, is_regular = file.exists(), file.is_file()
    except OSError as error:
        raise ValueError(f"names a file that cannot be read: {error.strerror}") from None
    if not exists:
        raise ValueError("names a file that does not exist")
    if not is_regular:
        raise ValueError("names something that is no file")
