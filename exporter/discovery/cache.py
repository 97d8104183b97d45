"""The last good list of each account on disk, for a start while the list cannot be read.

The files hold the tokens of instances. They are written only where a folder is named, with mode 0600, and each takes
the place of the one before as a whole.
"""

import contextlib
import hashlib
import json
import logging
import math
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Final

from exporter.config.files import ABSENT, FileReader, UnreadableFile, shown_path
from exporter.discovery.known_list import KnownList
from exporter.model.account_list import MAX_TEXT, ListedInstance, is_word
from exporter.model.secret import Secret

MAX_BYTES: Final = 64 * 1024 * 1024
"""Largest file that is read."""

_UNREADABLE: Final = "the cached list of an account cannot be read"
_FORMAT: Final = "zapi-exporter account list 1"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9-]+")

_log = logging.getLogger(__name__)


class ListCache:
    """The files of one folder; without a folder nothing is kept. Safe to use from many threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._reader = FileReader()
        self._is_failing = False

    def check(self) -> None:
        """Warn if no list can be stored: otherwise nobody would know before the first list was read."""
        folder = self._folder
        if folder is None:
            return
        try:
            self._reader.call(lambda: _try_to_write(folder))
        except (OSError, UnreadableFile) as error:
            problem = str(error.strerror if isinstance(error, OSError) else error)
            _warn(
                "lists of accounts cannot be cached; give --accounts.cache-directory a directory that the exporter "
                "may write to",
                folder,
                problem,
            )
            self._is_failing = True

    def load(self, account: str) -> KnownList | None:
        """Return the last good list of an account, or ``None`` if there is no usable one."""
        if self._folder is None:
            return None
        file = self._folder / _file_name(account)
        try:
            known = _parse_cached(self._reader.read(file, MAX_BYTES), account)
        except UnreadableFile as problem:
            _tell_unreadable(account, file, str(problem))
            return None
        except (ValueError, TypeError, KeyError, RecursionError):
            _warn(_UNREADABLE, file, "is not what the exporter wrote", account=account)
            return None
        extra = {"account": account, "instances": len(known.instances)}
        _log.info("the cached list of an account is used until the list can be read", extra=extra)
        return known

    def store(self, account: str, known: KnownList) -> None:
        """Store a list. An error is logged once."""
        if self._folder is None:
            return
        try:
            _make(self._folder)
            _replace_file(self._folder / _file_name(account), _written(account, known))
        except OSError as error:
            if not self._is_failing:
                _warn("the list of an account cannot be cached", self._folder, str(error.strerror))
            self._is_failing = True
        else:
            self._is_failing = False


def _warn(message: str, path: Path, problem: str, **fields: str) -> None:
    _log.warning(message, extra={**fields, "path": shown_path(path), "problem": problem})


def _tell_unreadable(account: str, file: Path, problem: str) -> None:
    """Warn about a file that is there and cannot be read, or cannot be looked for."""
    try:
        file.stat()
    except ABSENT:
        return
    except OSError:
        advice = "make the directory accessible to the user of the exporter"
        _warn(f"{_UNREADABLE}; {advice}", file, problem, account=account)
    else:
        _warn(_UNREADABLE, file, problem, account=account)


def _try_to_write(folder: Path) -> None:
    """Make a folder and a file in it. Raise :class:`OSError` if that is impossible."""
    _make(folder)
    with tempfile.TemporaryFile(dir=folder):
        pass


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _file_name(account: str) -> str:
    """Return a name that no other account has, and that a person recognizes."""
    digest = hashlib.blake2b(account.encode(), digest_size=8).hexdigest()
    return f"account-{_UNFIT.sub('-', account)[:40].strip('-')}-{digest}.json"


def _written(account: str, known: KnownList) -> bytes:
    document = {
        "format": _FORMAT,
        "account": account,
        "read_at": known.last_success,
        "instances": [
            {
                "id": item.id,
                "token": None if item.token is None else item.token.reveal(),
                "name": item.name,
                "created": item.created,
            }
            for item in known.instances
        ],
    }
    return json.dumps(document).encode()


def _parse_cached(content: bytes, account: str) -> KnownList:
    """Raise :class:`ValueError`, :class:`TypeError` or :class:`KeyError` for what the exporter has not written."""
    document = json.loads(content)
    if document["format"] != _FORMAT or document["account"] != account:
        raise ValueError("another file")
    instances = {item.identity: item for item in map(_parse_cached_instance, document["instances"])}
    return KnownList(tuple(instances.values()), last_success=_parse_cached_time(document["read_at"]))


def _parse_cached_instance(item: Any) -> ListedInstance:
    token = item["token"]
    return ListedInstance(
        _parse_cached_word(item["id"]),
        None if token is None else Secret(_parse_cached_word(token)),
        _parse_cached_text(item["name"]),
        _parse_cached_time(item["created"]),
    )


def _parse_cached_word(value: Any) -> str:
    text = _parse_cached_text(value)
    if not is_word(text):
        raise ValueError("no word")
    return text


def _parse_cached_text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError("no text")
    value.encode()
    return value


def _parse_cached_time(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not 0 <= float(value) < math.inf:
        raise ValueError("no time")
    return float(value)


def _replace_file(path: Path, content: bytes) -> None:
    """Raise :class:`OSError`; the file is then as it was."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # of mode 0600
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
