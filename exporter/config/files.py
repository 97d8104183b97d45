"""The files that a configuration names."""

import ssl
from pathlib import Path
from typing import Final

MAX_SECRET_BYTES: Final = 65_536


class SecretFiles:
    """Secrets from files, each read once. Relative names begin at ``folder``.

    ``read_files`` are the files that were read, in order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._texts: dict[Path, str] = {}

    @property
    def read_files(self) -> tuple[Path, ...]:
        return tuple(self._texts)

    def read(self, name: str) -> str:
        """The text of a file, without line breaks at its end.

        Raises :class:`ValueError` if there is none, with a message that says nothing of its content.
        """
        file = self._folder / name
        if file not in self._texts:
            self._texts[file] = _secret(file)
        return self._texts[file]


def check_authorities(file: Path) -> None:
    """Raise :class:`ValueError` unless ``file`` holds a certificate."""
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
