"""The bytes of a ``/me`` reply → what they say. Pure: no network, no clock, no log.

Every field is taken in each form in which public documentation and clients show it; a form not known here
makes the field unreadable, never a guess.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, Final

from exporter.model.poll_result import (
    FILTERS_FIELD,
    SETTING_FIELDS,
    UNDOCUMENTED_WEBHOOKS,
    WEBHOOK_FIELDS,
    WEBHOOK_FILTERS,
    Failure,
    Reading,
    Reason,
    Status,
)
from exporter.model.secret import Secret

MAX_TEXT: Final = 200
"""Longest status or display name taken, in characters: they become labels."""

MAX_URL: Final = 2048
"""Longest webhook URL taken, in characters: it is kept until the next poll."""

MAX_VALUES: Final = 10_000
"""Most values taken in one reply; ``/me`` has some thirty. Decoded, a value takes up to thirty times its text."""


_FIRST_MILLISECONDS: Final = 1e11  # as seconds it is the year 5138, as milliseconds 1973
_LONGEST_INTEGER: Final = 20  # digits
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


class _Unreadable(Exception):
    """A field came in a form that is not known here."""


def read_me(body: bytes, instance_id: str) -> Reading:
    """Read the body of a 200 answer to ``/me`` for the instance ``instance_id``.

    Gives a :class:`Failure` when the body is no JSON object or a huge one, says an error, belongs to another
    instance, or does not say whether the instance is connected.
    """
    try:
        reply = decode_object(body)
    except TooManyValues:
        return _invalid("the reply holds too many values")
    except ValueError:
        return _invalid("the reply is not a JSON object")
    failure = error_in(reply)
    if failure is not None:
        return failure
    replied_id = reply.get("id")
    if isinstance(replied_id, str) and replied_id.strip() and not _same_id(replied_id, instance_id):
        return Failure(Reason.WRONG_INSTANCE, "the reply describes another instance")
    try:
        connected = _boolean(reply.get("connected"))
    except _Unreadable:
        return _invalid("the reply does not say whether the instance is connected")
    return _Fields(reply).status(connected)


def decode_object(body: bytes) -> Mapping[str, Any]:
    """Decode a JSON object in UTF-8, with or without a byte order mark.

    Raises :class:`ValueError` for anything else, for NaN and Infinity, and for an object that says one key
    twice: which of the two is true cannot be known. Raises :class:`TooManyValues` for a huge one.
    """
    # Counted before anything is decoded; a sign inside of a text counts too, which no real reply comes near.
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise TooManyValues
    try:
        text = body.decode("utf-8-sig")
        decoded = json.loads(
            text, parse_constant=_refuse_constant, parse_int=_number, object_pairs_hook=_unique_keys
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(decoded, dict):
        raise ValueError("not an object")
    return decoded


def error_in(reply: Mapping[str, Any]) -> Failure | None:
    """The failure that a reply tells by its ``error``, whatever its HTTP status; ``None`` without one."""
    error = reply.get("error")
    if error is None or error is False or error == "":
        return None
    said = error.lower() if isinstance(error, str) else ""
    if "instance not found" in said:
        return Failure(Reason.NOT_FOUND, "Z-API knows no instance with this id and token")
    if "client-token is not configured" in said:
        return Failure(Reason.UNAUTHORIZED, "the account requires a Client-Token and none was sent")
    if "client-token" in said or said == "null not allowed":
        return Failure(Reason.UNAUTHORIZED, "Z-API refused the Client-Token")
    return _invalid("the reply is an error of a kind not known here")


class _Fields:
    """The optional fields of one reply, and which of them could not be read."""

    def __init__(self, reply: Mapping[str, Any]) -> None:
        self._reply = reply
        self._unreadable: set[str] = set()

    def status(self, connected: bool) -> Status:
        return Status(
            connected=connected,
            display_name=self._text("name"),
            due=self._timestamp("due"),
            created=self._timestamp("created"),
            payment_status=self._payment_status(),
            webhooks=self._webhooks(),
            settings=self._settings(),
            muted=self._muted(),
            unreadable=frozenset(self._unreadable),
        )

    def _text(self, field: str) -> str | None:
        value = self._reply.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > MAX_TEXT or not _is_unicode(value):
            self._unreadable.add(field)
            return None
        return value.strip()

    def _payment_status(self) -> str | None:
        text = self._text("paymentStatus")
        if text is None:
            return None if "paymentStatus" in self._unreadable else ""
        return text.lower()

    def _timestamp(self, field: str) -> float | None:
        value = self._reply.get(field)
        if value is None or value == "":
            return None
        try:
            return _seconds(value)
        except _Unreadable:
            self._unreadable.add(field)
            return None

    def _webhooks(self) -> Mapping[str, Secret | None]:
        webhooks: dict[str, Secret | None] = {}
        for webhook, field in WEBHOOK_FIELDS.items():
            if webhook in UNDOCUMENTED_WEBHOOKS and field not in self._reply:
                continue
            value = self._reply.get(field)
            if value is None:
                webhooks[webhook] = None
            elif isinstance(value, str) and len(value) <= MAX_URL:
                webhooks[webhook] = Secret(value.strip()) if value.strip() else None
            else:
                self._unreadable.add(field)
        return MappingProxyType(webhooks)

    def _muted(self) -> frozenset[str] | None:
        """The webhooks that the reply's filters mute.

        A filter of a name not known here makes the field unreadable in part: it may mute anything, but the
        others still mean what they say.
        """
        value = self._reply.get(FILTERS_FIELD)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._unreadable.add(FILTERS_FIELD)
            return None
        filters = {item.strip().upper() for item in value}
        if not filters <= WEBHOOK_FILTERS.keys():
            self._unreadable.add(FILTERS_FIELD)
        return frozenset(webhook for name, webhook in WEBHOOK_FILTERS.items() if name in filters)

    def _settings(self) -> Mapping[str, bool]:
        settings: dict[str, bool] = {}
        for setting, field in SETTING_FIELDS.items():
            value = self._reply.get(field)
            if value is None:
                continue
            try:
                settings[setting] = _boolean(value)
            except _Unreadable:
                self._unreadable.add(field)
        return MappingProxyType(settings)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise _Unreadable


def _seconds(value: Any) -> float:
    """Unix seconds from seconds, milliseconds, either as text, or ISO 8601 (UTC unless it says otherwise)."""
    if isinstance(value, str):
        text = value.strip()
        number = float(text) if _NUMERAL.fullmatch(text) else _iso_seconds(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = _finite(value)
    else:
        raise _Unreadable
    if number >= _FIRST_MILLISECONDS:
        number /= 1000
    if not 0 < number <= _LAST_SECOND:
        raise _Unreadable
    return number


def _finite(value: int | float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise _Unreadable from None
    if not math.isfinite(number):
        raise _Unreadable
    return number


def _iso_seconds(text: str) -> float:
    match = _ISO_8601.fullmatch(text)
    if match is None:
        raise _Unreadable
    try:
        moment = datetime.fromisoformat(f"{match['day']} {match['clock'] or '00:00'}")
        moment = moment.replace(tzinfo=_zone(match["zone"]))
    except ValueError:
        raise _Unreadable from None
    return moment.timestamp() + float(match["fraction"] or 0)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return timezone.utc
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8; JSON can escape half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _same_id(one: str, other: str) -> bool:
    return one.strip().casefold() == other.casefold()


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate key")
    return unique


def _number(digits: str) -> int | float:
    """An integer; a float where it is too long to be one of ours, which Python may refuse or be slow to read."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _invalid(detail: str) -> Failure:
    return Failure(Reason.INVALID_RESPONSE, detail)
