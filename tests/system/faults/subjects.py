"""Instances full of canaries: as the simulated Z-API serves them, and as the exporter is told of them."""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.demo.faults import Fault, message
from exporter.demo.instances import DOCUMENTED_WEBHOOKS, SimulatedInstance
from tests.system.faults.canaries import canary, canary_url
from tests.system.faults.table import API_TIMEOUT

INTERVAL: Final = 3.0
"""``polling.interval`` where nothing else is said, in seconds."""

CLIENT_TOKEN_VARIABLE: Final = "ZAPI_CLIENT_TOKEN"


@dataclass(frozen=True, slots=True)
class Subject:
    """One instance; ``number`` makes its id."""

    name: str
    number: int

    @property
    def id(self) -> str:
        return f"{0xFA017000 + self.number:032X}"

    def token(self, generation: int) -> str:
        """Changes with the generation: new credentials make the exporter poll at once what failed."""
        return f"{canary('token')}-{generation}"

    def simulated(self) -> SimulatedInstance:
        now = time.time()
        return SimulatedInstance(
            id=self.id,
            token=self.token(0),
            client_token=canary("clienttoken"),
            due=now + 86400 * 30,
            created=now - 86400 * 300,
            webhooks=dict.fromkeys(DOCUMENTED_WEBHOOKS, canary_url("webhook")),
            call_reject_message=canary("callrejectmessage"),
            extra={"phone": canary("phone"), "middleware": {"key": canary("nested")}},
        )

    def configured(self, generation: int) -> Mapping[str, str]:
        return {"name": self.name, "id": self.id, "token": self.token(generation)}


def no_fault() -> Fault:
    """The right answer, whatever credentials it is asked with."""
    return Fault("none", lambda exchange: iter((message(200, exchange.body),)))


def numbered(names: Iterable[str]) -> tuple[Subject, ...]:
    return tuple(Subject(name, number) for number, name in enumerate(names))


def write_config(
    directory: Path,
    base_url: str,
    instances: Sequence[Mapping[str, str]],
    *,
    timeout: float = API_TIMEOUT,
    interval: float = INTERVAL,
    ca_file: Path | None = None,
) -> Path:
    """A configuration with a secret of every kind, in place of the one that was there; only its owner reads it.

    The token of the first instance is in a file of its own.
    """
    api = {
        "base_url": base_url,
        "client_token": f"${{{CLIENT_TOKEN_VARIABLE}}}",
        "timeout": _duration(timeout),
        **({} if ca_file is None else {"ca_file": str(ca_file)}),
    }
    first = dict(instances[0])
    _write(directory / "token", first.pop("token"))
    document = {
        "api": api,
        "polling": {"interval": _duration(interval), "concurrency": 64, "stale_after": "1h"},
        "defaults": {"expected_webhooks": dict.fromkeys(DOCUMENTED_WEBHOOKS, canary_url("webhook"))},
        "instances": [{**first, "token_file": "token"}, *instances[1:]],
    }
    file = directory / "config.yaml"
    _write(file, json.dumps(document, indent=1))
    return file


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
