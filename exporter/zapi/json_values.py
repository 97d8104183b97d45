"""Bytes → JSON, strict and limited in size, and the forms of a boolean, a number and a time in it. Pure.

The forms are those of public documentation and clients; a value in any other form is unreadable.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

Bytes = bytes | bytearray

MAX_VALUES: Final = 10_000
"""Most values taken in one reply; ``/me`` has some thirty. Decoded, a value takes up to thirty times its text."""
MAX_COUNT: Final = 10**9
"""Largest count accepted. Z-API refuses messages from 1,000 waiting on."""

_DIGITS: Final = re.compile(r"\d{1,10}", re.ASCII)
_FIRST_MILLISECONDS: Final = 1e11  # as seconds it is the year 5138, as milliseconds 1973
_LAST_SECOND: Final = 253_402_300_799  # the end of the year 9999
_NUMERAL: Final = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_ISO_8601: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<clock>\d\d:\d\d(?::\d\d)?)(?P<fraction>\.\d+)?"
    r" ?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


class TooManyValues(ValueError):
    """A reply holds more than :data:`MAX_VALUES` values."""


def decode_json(body: Bytes) -> Any:
    """Decode JSON in UTF-8, with or without a byte order mark.

    Raise :class:`ValueError` for anything else, for NaN and Infinity, and for an object with a duplicate key: it is
    unknown which of the two values is right. Raise :class:`TooManyValues` for a huge document.
    """
    # Counted before decoding; characters within strings count too, but no real reply has so many.
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise TooManyValues
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_int=float,  # of any length, while Python refuses long integers or reads them slowly
            object_pairs_hook=_unique_keys,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decode_object(body: Bytes) -> Mapping[str, Any]:
    """Decode a JSON object. Raise as :func:`decode_json`, and :class:`ValueError` for JSON of another type."""
    decoded = decode_json(body)
    if not isinstance(decoded, dict):
        raise ValueError("not an object")
    return decoded


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate key")
    return unique


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


class Unreadable(Exception):
    """The value of a field has an unknown form."""


def boolean(value: Any) -> bool:
    """Return true or false, also of the texts ``"true"`` and ``"false"``. Raise :class:`Unreadable`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise Unreadable


def text(value: Any) -> str:
    """Return a text that can be written as UTF-8. Raise :class:`Unreadable`."""
    if not isinstance(value, str):
        raise Unreadable
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can escape
        raise Unreadable from None
    return value


def unix_seconds(value: Any) -> float | None:
    """Return unix seconds from seconds, milliseconds, either as text, or ISO 8601 (UTC unless it says otherwise).

    Return ``None`` for an empty text. Raise :class:`Unreadable`.
    """
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, str):
        text = value.strip()
        number = float(text) if _NUMERAL.fullmatch(text) else _iso_seconds(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
    else:
        raise Unreadable
    if number >= _FIRST_MILLISECONDS:
        number /= 1000
    if not 0 < number <= _LAST_SECOND:
        raise Unreadable
    return number


def whole_number(value: Any) -> int:
    """Return a count from 0 to :data:`MAX_COUNT`, also as text. Raise :class:`Unreadable`."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_COUNT:
        raise Unreadable
    if value != int(value):
        raise Unreadable
    return int(value)


def _iso_seconds(text: str) -> float:
    match = _ISO_8601.fullmatch(text)
    if match is None:
        raise Unreadable
    try:
        moment = datetime.fromisoformat(f"{match['day']} {match['clock'] or '00:00'}")
        moment = moment.replace(tzinfo=_zone(match["zone"]))
    except ValueError:
        raise Unreadable from None
    return moment.timestamp() + float(match["fraction"] or 0)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return timezone.utc
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
