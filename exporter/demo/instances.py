"""Simulated instances and accounts: the phases of an instance in time, and their replies."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

from exporter.demo.faults import Fault, message
from exporter.model.me_fields import (
    FILTERS_FIELD,
    SETTING_FIELDS,
    UNDOCUMENTED_WEBHOOKS,
    WEBHOOK_FIELDS,
    WEBHOOK_FILTERS,
)

_LARGEST_PAGE: Final = 30
_RESTORE: Final = "You need to restore the session."
_SCAN: Final = "You are not connected."
_CONNECTED: Final = "You are already connected"

Document = dict[str, Any]

DOCUMENTED_WEBHOOKS: Final = tuple(name for name in WEBHOOK_FIELDS if name not in UNDOCUMENTED_WEBHOOKS)


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of an instance's life, ``lasts`` seconds long (> 0).

    ``connected`` is what ``/me`` says meanwhile, ``None`` to leave it as the instance has it; ``fault`` spoils
    every answer of the phase.
    """

    lasts: float
    connected: bool | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Phases that follow each other for ever, beginning ``offset`` seconds into the first."""

    phases: tuple[Phase, ...] = (Phase(lasts=1.0),)
    offset: float = 0.0

    def at(self, elapsed: float) -> Phase:
        """Return the phase ``elapsed`` seconds after the start."""
        if len(self.phases) == 1:
            return self.phases[0]
        left = (elapsed + self.offset) % sum(phase.lasts for phase in self.phases)
        for phase in self.phases:
            left -= phase.lasts
            if left < 0:
                return phase
        return self.phases[-1]


@dataclass(frozen=True, slots=True)
class SimulatedQueue:
    """``length`` messages wait, the oldest since ``oldest`` in unix seconds, all with the same made-up text."""

    length: int = 0
    oldest: float = 0.0
    text: str = "Bom dia, seu pedido saiu para entrega."
    phone: str = "5511999990000"


def status_reply(*, connected: bool, restorable: bool, phone_online: bool) -> bytes:
    """Return what ``/status`` says."""
    error = _CONNECTED if connected else _RESTORE if restorable else _SCAN
    return _reply({"connected": connected, "error": error, "smartphoneConnected": phone_online})


def count_reply(queue: SimulatedQueue) -> bytes:
    """Return what ``/queue/count`` says."""
    return _reply({"count": queue.length})


def page_reply(queue: SimulatedQueue, instance_id: str, request_body: bytes) -> bytes:
    """Return the first page of ``/queue``, oldest message first; each came three seconds after the one before."""
    try:
        wanted = int(json.loads(request_body or b"{}").get("pageSize", 20))
    except (ValueError, TypeError, AttributeError):
        return message(400, b'{"error":"invalid body"}')
    size = min(wanted, _LARGEST_PAGE, queue.length)
    messages = [_message(queue, instance_id, number) for number in range(size)]
    return _reply({"messages": messages, "pagingState": "next", "hasMore": queue.length > size})


def _message(queue: SimulatedQueue, instance_id: str, number: int) -> dict[str, object]:
    return {
        "_id": f"{number:024x}",
        "DelayMessage": 1,
        "Message": queue.text,
        "InstanceId": instance_id,
        "Phone": queue.phone,
        "MessageId": f"{number:020X}",
        "Created": int((queue.oldest + 3 * number) * 1000),
        "IsTrial": False,
    }


def _reply(document: dict[str, object]) -> bytes:
    return message(200, json.dumps(document).encode())


def _unchanged(me: Document) -> Document:
    return me


@dataclass(frozen=True, slots=True)
class SimulatedInstance:
    """An instance as the simulated server knows it; all of it made up.

    ``due`` and ``created`` are unix seconds. ``client_token`` is the account's security token, ``None`` where
    the account requires none. ``webhooks`` maps our short names to URLs; a documented one that is missing, or
    ``None``, is not set. ``muted`` are those that a filter keeps from being called, ``None`` where the reply has
    no filters. ``change`` may return another ``/me`` than the usual one, which it is given. ``delay`` is how many
    seconds the answer takes, on top of the server's latency. ``restorable`` says of an instance that is not connected
    that its session can be restored.
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
    change: Callable[[Document], Document] = _unchanged
    delay: float = 0.0
    restorable: bool = False
    phone_online: bool = True
    queue: SimulatedQueue = field(default_factory=SimulatedQueue)
    timeline: Timeline = field(default_factory=Timeline)


def me_body(instance: SimulatedInstance, *, connected: bool) -> bytes:
    """Return the ``/me`` of this instance as JSON. ``connected`` is a parameter because it changes with time."""
    document: Document = {
        "id": instance.id,
        "token": instance.token,
        "name": instance.name,
        "due": int(instance.due * 1000),
        "connected": connected,
        "callRejectMessage": instance.call_reject_message,
        "created": datetime.fromtimestamp(instance.created, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if instance.payment_status is not None:
        document["paymentStatus"] = instance.payment_status
    for webhook in (*DOCUMENTED_WEBHOOKS, *sorted(UNDOCUMENTED_WEBHOOKS & instance.webhooks.keys())):
        document[WEBHOOK_FIELDS[webhook]] = instance.webhooks.get(webhook)
    for setting, name in SETTING_FIELDS.items():
        document[name] = instance.settings.get(setting, False)
    if instance.muted is not None:
        document[FILTERS_FIELD] = [
            name for name, webhook in WEBHOOK_FILTERS.items() if webhook in instance.muted
        ]
    document.update(instance.extra)
    return json.dumps(instance.change(document), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class SimulatedAccount:
    """An account whose partner token lists the instances of these ids, in this order; ids may repeat.

    ``change`` may alter an item before it is listed.
    """

    partner_token: str
    ids: Sequence[str]
    change: Callable[[Document], Document] = _unchanged

    def item(self, instance: SimulatedInstance) -> Document:
        """Return what the list says of an instance."""
        return self.change(_item(instance))


def list_reply(items: Sequence[Document], page: int, size: int) -> bytes:
    """Return one page as JSON; a page past the end is empty."""
    document = {
        "total": len(items),
        "totalPage": -(-len(items) // size),
        "pageSize": size,
        "page": page,
        "content": items[(page - 1) * size : page * size],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _item(instance: SimulatedInstance) -> Document:
    webhooks = {field: instance.webhooks.get(name) for name, field in WEBHOOK_FIELDS.items()}
    return {
        "id": instance.id,
        "token": instance.token,
        "tenant": "FACADE",
        "name": instance.name,
        "due": int(instance.due * 1000),
        "paymentStatus": instance.payment_status,
        "created": int(instance.created * 1000),
        **webhooks,
        "phoneConnected": instance.connected,
        "whatsappConnected": instance.connected,
        "middleware": "web",
    }
