"""One simulated instance, and its ``/me`` in any of the forms the real API is known to use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum, auto
from typing import Final

from exporter.demo.resources import SimulatedQueue
from exporter.demo.timeline import Timeline
from exporter.model.me_fields import (
    FILTERS_FIELD,
    SETTING_FIELDS,
    UNDOCUMENTED_WEBHOOKS,
    WEBHOOK_FIELDS,
    WEBHOOK_FILTERS,
)

DOCUMENTED_WEBHOOKS: Final = tuple(name for name in WEBHOOK_FIELDS if name not in UNDOCUMENTED_WEBHOOKS)


class DueForm(Enum):
    SECONDS = auto()
    MILLISECONDS = auto()
    STRING_OF_SECONDS = auto()
    STRING_OF_MILLISECONDS = auto()


class CreatedForm(Enum):
    ISO = auto()
    ISO_WITH_FRACTIONS = auto()
    SECONDS = auto()
    MILLISECONDS = auto()
    STRING_OF_MILLISECONDS = auto()
    EMPTY = auto()
    ABSENT = auto()


class UnsetForm(Enum):
    """How a webhook that is not set looks."""

    NULL = auto()
    EMPTY = auto()
    ABSENT = auto()


@dataclass(frozen=True, slots=True)
class Forms:
    """How this instance's ``/me`` writes its values."""

    due: DueForm = DueForm.MILLISECONDS
    created: CreatedForm = CreatedForm.ISO
    unset: UnsetForm = UnsetForm.NULL
    booleans_as_strings: bool = False


@dataclass(frozen=True, slots=True)
class SimulatedInstance:
    """An instance as the simulated server knows it; all of it made up.

    ``due`` and ``created`` are unix seconds. ``client_token`` is the account's security token, ``None`` where
    the account requires none. ``webhooks`` maps our short names to URLs; a documented one that is missing, or
    ``None``, is not set. ``muted`` are those that a filter keeps from being called, ``None`` where the reply has
    no filters. ``delay`` is how many seconds the answer takes, on top of the server's latency.
    ``restorable`` says of an instance that is not connected that its session can be restored.
    """

    id: str
    token: str
    due: float
    created: float
    name: str = ""
    client_token: str | None = None
    connected: bool = True
    payment_status: str | None = "PAID"
    webhooks: Mapping[str, str | None] = field(default_factory=dict)
    muted: frozenset[str] | None = None
    settings: Mapping[str, bool] = field(default_factory=dict)
    call_reject_message: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    forms: Forms = Forms()
    delay: float = 0.0
    restorable: bool = False
    phone_online: bool = True
    queue: SimulatedQueue = field(default_factory=SimulatedQueue)
    timeline: Timeline = field(default_factory=Timeline)


def me_body(instance: SimulatedInstance, *, connected: bool) -> bytes:
    """Return the ``/me`` of this instance as JSON. ``connected`` is a parameter because it changes with time."""

    def flag(value: bool) -> bool | str:
        if instance.forms.booleans_as_strings:
            return "true" if value else "false"
        return value

    document: dict[str, object] = {
        "id": instance.id,
        "token": instance.token,
        "name": instance.name,
        "due": _due(instance.due, instance.forms.due),
        "connected": flag(connected),
        "callRejectMessage": instance.call_reject_message,
    }
    if instance.payment_status is not None:
        document["paymentStatus"] = instance.payment_status
    if instance.forms.created is not CreatedForm.ABSENT:
        document["created"] = _created(instance.created, instance.forms.created)
    document.update(_webhooks(instance))
    for setting, name in SETTING_FIELDS.items():
        document[name] = flag(instance.settings.get(setting, False))
    if instance.muted is not None:
        document[FILTERS_FIELD] = [
            name for name, webhook in WEBHOOK_FILTERS.items() if webhook in instance.muted
        ]
    document.update(instance.extra)
    return json.dumps(document, ensure_ascii=False).encode()


def _webhooks(instance: SimulatedInstance) -> dict[str, str | None]:
    fields: dict[str, str | None] = {}
    for webhook in (*DOCUMENTED_WEBHOOKS, *sorted(UNDOCUMENTED_WEBHOOKS & instance.webhooks.keys())):
        url = instance.webhooks.get(webhook)
        if url is not None:
            fields[WEBHOOK_FIELDS[webhook]] = url
        elif instance.forms.unset is not UnsetForm.ABSENT:
            fields[WEBHOOK_FIELDS[webhook]] = "" if instance.forms.unset is UnsetForm.EMPTY else None
    return fields


def _due(seconds: float, form: DueForm) -> int | str:
    number = int(seconds if form in (DueForm.SECONDS, DueForm.STRING_OF_SECONDS) else seconds * 1000)
    if form in (DueForm.STRING_OF_SECONDS, DueForm.STRING_OF_MILLISECONDS):
        return str(number)
    return number


def _created(seconds: float, form: CreatedForm) -> int | str:
    if form is CreatedForm.SECONDS:
        return int(seconds)
    if form is CreatedForm.MILLISECONDS:
        return int(seconds * 1000)
    if form is CreatedForm.STRING_OF_MILLISECONDS:
        return str(int(seconds * 1000))
    if form is CreatedForm.EMPTY:
        return ""
    precision = "milliseconds" if form is CreatedForm.ISO_WITH_FRACTIONS else "seconds"
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec=precision)
    return text.replace("+00:00", "Z")
