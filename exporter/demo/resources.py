"""What the simulated Z-API answers to ``/status``, ``/queue/count`` and ``/queue``."""

import json
from dataclasses import dataclass
from typing import Final

from exporter.demo.fault import message

RESOURCES: Final = {"me": "GET", "status": "GET", "queue/count": "GET", "queue": "POST"}
"""What can be asked of an instance → the method it takes."""

_LARGEST_PAGE: Final = 30
_RESTORE: Final = "You need to restore the session."
_SCAN: Final = "You are not connected."
_CONNECTED: Final = "You are already connected"


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
