"""The list of instances that the simulated Z-API gives a partner: ``GET /instances?page=1&pageSize=20``."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from exporter.demo.instances import SimulatedInstance
from exporter.model.me_fields import WEBHOOK_FIELDS

LIST_PATH: Final = "/instances"
PARTNER_TOKEN_REFUSED: Final = b'{"error":"Unauthorized"}'

Item = dict[str, Any]


def _unchanged(item: Item) -> Item:
    return item


@dataclass(frozen=True, slots=True)
class SimulatedAccount:
    """An account whose partner token lists the instances of these ids, in this order; one may stand there twice.

    ``change`` makes the item that is listed of the right one.
    """

    partner_token: str
    ids: Sequence[str]
    change: Callable[[Item], Item] = _unchanged

    def item(self, instance: SimulatedInstance) -> Item:
        """Return what the list says of an instance."""
        return self.change(_item(instance))


def page_of(target: str) -> tuple[int, int]:
    """Return the number of the page that a request asks for, and its size."""
    query = parse_qs(target.partition("?")[2])

    def number(name: str, default: int) -> int:
        text = query.get(name, [""])[-1]
        return max(1, int(text)) if text.isdigit() else default

    return number("page", 1), number("pageSize", 20)


def list_reply(items: Sequence[Item], page: int, size: int) -> bytes:
    """Return one page as JSON; a page past the end is empty."""
    document = {
        "total": len(items),
        "totalPage": -(-len(items) // size),
        "pageSize": size,
        "page": page,
        "content": items[(page - 1) * size : page * size],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _item(instance: SimulatedInstance) -> Item:
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
