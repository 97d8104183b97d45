"""The body of a ``/me`` reply → a :class:`Status` or a :class:`Failure`. Pure: no network, no clock, no log.

Fields are read in all forms of public documentation and clients. A field in any other form is unreadable; it is never
guessed.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from exporter.model.me_fields import (
    FILTERS_FIELD,
    SETTING_FIELDS,
    UNDOCUMENTED_WEBHOOKS,
    WEBHOOK_FIELDS,
    WEBHOOK_FILTERS,
)
from exporter.model.poll_result import Failure, Reading, Reason, Status
from exporter.model.secret import Secret, SecretScanner
from exporter.model.settings import Instance
from exporter.zapi.failures import invalid_reply, is_empty, known_failure, session_of
from exporter.zapi.json_values import (
    Bytes,
    TooManyValues,
    Unreadable,
    boolean,
    decode_object,
    text,
    unix_seconds,
)

MAX_TEXT: Final = 200
"""Longest status or display name taken, in characters: they become labels."""

MAX_URL: Final = 2048
"""Longest webhook URL taken, in characters: it is kept until the next poll."""

_Value = TypeVar("_Value")


def read_me(body: Bytes, instance: Instance) -> Reading:
    """Read the body of a 2xx answer to the ``/me`` of ``instance``.

    Return a :class:`Failure` if the body is not a JSON object or is too large, contains an error, belongs to another
    instance, or does not say whether the instance is connected. A field that repeats one of the instance's
    secrets is unreadable.
    """
    try:
        reply = decode_object(body)
    except TooManyValues:
        return invalid_reply("the reply holds too many values")
    except ValueError:
        return invalid_reply("the reply is not a JSON object")
    failure = _error_in(reply) or _failure_of_id(reply.get("id"), instance.id)
    if failure is not None:
        return failure
    try:
        connected = boolean(reply.get("connected"))
    except Unreadable:
        return invalid_reply("the reply does not say whether the instance is connected")
    return _MeReader(reply, SecretScanner(instance.token, instance.client_token)).status(connected)


def _error_in(reply: Mapping[str, Any]) -> Failure | None:
    """Return the failure that a reply reports although its HTTP status is a success."""
    error = reply.get("error")
    failure = known_failure(reply)
    if failure is not None:
        return failure
    if not is_empty(error) and not session_of(error):
        return invalid_reply("the reply is an error of a kind not known here")
    value = reply.get("value")
    if value is False or (isinstance(value, str) and value.strip().lower() == "false"):
        return invalid_reply("the reply says that the request failed, and not why")
    return None


class _MeReader:
    """The optional fields of one reply, and which of them could not be read."""

    def __init__(self, reply: Mapping[str, Any], scanner: SecretScanner) -> None:
        self._reply = reply
        self._scanner = scanner
        self._unreadable: set[str] = set()

    def status(self, connected: bool) -> Status:
        return Status(
            connected=connected,
            display_name=self._read("name", _short_text),
            due=self._read("due", unix_seconds),
            created=self._read("created", unix_seconds),
            payment_status=self._payment_status(),
            webhooks=self._webhooks(),
            settings=self._settings(),
            muted=self._muted(),
            unreadable=frozenset(self._unreadable),
        )

    def _payment_status(self) -> str | None:
        status = self._read("paymentStatus", _short_text)
        if status is None:
            return None if "paymentStatus" in self._unreadable else ""
        return status.lower()

    def _webhooks(self) -> Mapping[str, Secret | None]:
        """Return each webhook with its URL.

        A missing field means that the webhook is not set, unless the reply is only about the connection.
        """
        webhooks: dict[str, Secret | None] = {}
        if session_of(self._reply.get("error")) and self._reply.keys().isdisjoint(WEBHOOK_FIELDS.values()):
            return MappingProxyType(webhooks)
        for webhook, field in WEBHOOK_FIELDS.items():
            if webhook in UNDOCUMENTED_WEBHOOKS and field not in self._reply:
                continue
            url = self._read(field, _url)
            if field not in self._unreadable:
                webhooks[webhook] = url
        return MappingProxyType(webhooks)

    def _muted(self) -> frozenset[str] | None:
        """Return the webhooks that the filters of the reply mute.

        A filter with an unknown name makes the field unreadable in part: it may mute anything, but the other filters
        still count.
        """
        names = self._read(FILTERS_FIELD, _filter_names)
        if names is None:
            return None
        if not names <= WEBHOOK_FILTERS.keys():
            self._unreadable.add(FILTERS_FIELD)
        return frozenset(webhook for name, webhook in WEBHOOK_FILTERS.items() if name in names)

    def _settings(self) -> Mapping[str, bool]:
        read = {setting: self._read(field, boolean) for setting, field in SETTING_FIELDS.items()}
        return MappingProxyType({setting: on for setting, on in read.items() if on is not None})

    def _read(self, field: str, read: Callable[[Any], _Value | None]) -> _Value | None:
        """Return the value of the field; ``None`` if it is absent or unreadable. Note an unreadable one."""
        value = self._reply.get(field)
        if value is None:
            return None
        try:
            found = read(value)
            if isinstance(value, str) and self._scanner.finds_secret(value):
                raise Unreadable
        except Unreadable:
            self._unreadable.add(field)
            return None
        return found


def _failure_of_id(replied: object, own: str) -> Failure | None:
    """Return the failure of a reply whose id is not the ``own`` one.

    A reply without an id is accepted: many client libraries describe replies without one.
    """
    if replied is None:
        return None
    if not isinstance(replied, str):
        return invalid_reply("the id in the reply is not text")
    if replied.strip() and replied.strip().casefold() != own.casefold():
        return Failure(Reason.WRONG_INSTANCE, "the reply describes another instance")
    return None


def _short_text(value: Any) -> str:
    if len(text(value)) > MAX_TEXT:
        raise Unreadable
    return text(value).strip()


def _filter_names(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Unreadable
    return frozenset(name.strip().upper() for name in value)


def _url(value: Any) -> Secret | None:
    if not isinstance(value, str) or len(value) > MAX_URL:
        raise Unreadable
    return Secret(value.strip()) if value.strip() else None
