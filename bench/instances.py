"""The instances that are measured, and what their ``/me`` says: about 900 bytes, a little different for each."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from exporter.fleet.store import Fleet
from exporter.model.poll_result import Reading
from exporter.model.secret import Secret
from exporter.model.settings import Api, Config, Instance, Polling
from exporter.zapi.me import read_me

LABELS: Final = {"environment": "production", "team": "sales"}
EXPECTED: Final = ("received", "disconnected")
ME: Final = {
    "connected": True,
    "paymentStatus": "PAID",
    "created": "2024-01-15T10:30:00Z",
    "connectedCallbackUrl": "https://app.example.com/hooks/zapi/connected?secret=0123456789abcdef",
    "deliveryCallbackUrl": "https://app.example.com/hooks/zapi/delivery?secret=0123456789abcdef",
    "disconnectedCallbackUrl": "https://app.example.com/hooks/zapi/disconnected?secret=0123456789abcdef",
    "messageStatusCallbackUrl": "https://app.example.com/hooks/zapi/status?secret=0123456789abcdef",
    "presenceChatCallbackUrl": None,
    "receivedCallbackUrl": "https://app.example.com/hooks/zapi/received?secret=0123456789abcdef",
    "receiveCallbackSentByMe": False,
    "callRejectAuto": True,
    "callRejectMessage": "Este número não recebe chamadas; por favor, envie uma mensagem de texto.",
    "autoReadMessage": False,
    "initialDataCallbackUrl": None,
}
"""What is the same for all; the rest is made of the instance's id."""

_FIRST_DUE: Final = 1_893_456_000_000


def name(index: int) -> str:
    return f"instance-{index:05d}"


def instance_id(index: int) -> str:
    return f"{random.Random(index).getrandbits(128):032X}"


def instances(count: int) -> tuple[Instance, ...]:
    """As a configuration would give them."""
    return tuple(
        Instance(
            name=name(index),
            id=instance_id(index),
            token=Secret(f"TOKEN{index:027d}"),
            client_token=Secret("CLIENT-TOKEN"),
            labels=LABELS,
            expected_webhooks=dict.fromkeys(EXPECTED),
        )
        for index in range(count)
    )


def config(count: int) -> Config:
    return Config(
        api=Api("https://127.0.0.1:1", 10.0, None),
        polling=Polling(60.0, 32, 300.0),
        paid_statuses=frozenset({"paid"}),
        unpaid_statuses=frozenset({"unpaid"}),
        instances=instances(count),
        files=(),
    )


def write_config(
    file: Path,
    count: int,
    base_url: str,
    ca_file: Path,
    interval: str,
    concurrency: int,
    collect: Sequence[str] = (),
) -> None:
    """The same instances as a file for the exporter."""
    rows = "".join(
        f"  - {{name: {name(index)}, id: '{instance_id(index)}', token: 'TOKEN{index:027d}'}}\n"
        for index in range(count)
    )
    file.write_text(
        f"api: {{base_url: '{base_url}', client_token: CLIENT-TOKEN, ca_file: '{ca_file}'}}\n"
        f"polling: {{interval: {interval}, concurrency: {concurrency}, stale_after: 5m}}\n"
        f"defaults: {{labels: {json.dumps(LABELS)}, expected_webhooks: {json.dumps(EXPECTED)}, "
        f"collect: {json.dumps(list(collect))}}}\n"
        f"instances:\n{rows}"
    )
    file.chmod(0o600)


def me(identity: str) -> bytes:
    """The reply of the instance with that id."""
    own = {"id": identity, "token": "T" * 32, "name": f"Loja {identity[:6]}", "due": due(identity)}
    return json.dumps({**own, **ME}, ensure_ascii=False).encode()


def due(identity: str) -> int:
    """In milliseconds."""
    return _FIRST_DUE + int(identity[-7:], 16) * 100


def readings(count: int) -> list[tuple[Instance, Reading]]:
    """What a poll of each instance learns."""
    return [(instance, read_me(me(instance.id), instance)) for instance in instances(count)]


def record(fleet: Fleet, learned: list[tuple[Instance, Reading]]) -> None:
    """Have the fleet take one poll of each instance."""
    for instance, reading in learned:
        fleet.record(instance, reading, 0.105)
