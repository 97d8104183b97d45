"""Nothing that Z-API says makes the series more than a fixed number for each instance, nor memory grow with time."""

import gc
import itertools
import json
import logging
import random
import tracemalloc
from collections import defaultdict
from typing import Any, Final

import pytest

from exporter.fleet.event_log import EventLog
from exporter.fleet.store import MAX_STATUSES, OTHER_STATUS, UNKNOWN_STATUS, Fleet
from exporter.metrics.exposition import Format, InstanceLines, Scrapes
from exporter.metrics.self_metrics import Telemetry
from exporter.model.me_fields import OPTIONAL_FIELDS, SETTING_FIELDS, WEBHOOK_FIELDS
from exporter.model.poll_result import Reason
from exporter.zapi.failures import refusal
from exporter.zapi.me import read_me
from tests.builders import a_config, an_instance
from tests.clocks import ManualClock
from tests.system.upstream import families

ALONE: Final = 15
"""Metrics of an instance that have one series at most."""

MOST_OF_ONE: Final = ALONE + (MAX_STATUSES + 2) + 2 * len(WEBHOOK_FIELDS) + len(SETTING_FIELDS)
"""Most series of one instance."""

CLOSED: Final[dict[str, frozenset[str]]] = {
    "reason": frozenset(reason.value for reason in Reason),
    "outcome": frozenset(reason.value for reason in Reason) | {"success"},
    "webhook": frozenset(WEBHOOK_FIELDS),
    "setting": frozenset(SETTING_FIELDS),
    "field": frozenset(OPTIONAL_FIELDS),
    **{webhook: frozenset({"true", "false"}) for webhook in WEBHOOK_FIELDS},
}
"""Label → all values it can have."""


class HostileZapi:
    """Never says the same twice, and means no good."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._numbers = itertools.count()

    def body(self, instance_id: str) -> bytes:
        """Mostly a readable ``/me`` of the instance."""
        reply = {field: self._value() for field in OPTIONAL_FIELDS if self._rng.random() < 0.8}
        reply |= {self._text(): self._value() for _ in range(5)}
        reply |= {"id": instance_id, "connected": self._rng.choice([True, False, "true", "FALSE"])}
        if self._rng.random() < 0.05:
            reply["error"] = self._value()
        return json.dumps(reply).encode()

    def status(self) -> int:
        return 200 if self._rng.random() < 0.9 else self._rng.randrange(200, 600)

    def retry_after(self) -> str:
        return self._rng.choice([self._text(), str(self._rng.randrange(2**64))])

    def _value(self) -> Any:
        return self._rng.choice(
            [
                self._text(),
                f"https://{self._text()}",
                self._rng.randrange(10**9, 10**13),
                self._rng.random() * 1e12,
                self._rng.choice([None, True, False, "", [], {}, "true", "unknown", "other", "PAID"]),
            ]
        )

    def _text(self) -> str:
        return "".join(self._rng.choices('abc"\\\n\0\u202e{}=é\ud800', k=self._rng.randrange(1, 20))) + str(
            next(self._numbers)
        )


class Room:
    """All that keeps anything of a reply, as the daemon wires it, without sockets and threads."""

    def __init__(self, instances: int) -> None:
        self._clock = ManualClock()
        expected = dict.fromkeys(WEBHOOK_FIELDS)
        self._instances = [
            an_instance(f"instance {number}", expected_webhooks=expected) for number in range(instances)
        ]
        lines = InstanceLines()
        self._fleet = Fleet(a_config(*self._instances), self._clock, [lines, EventLog()])
        self._telemetry = Telemetry()
        self._scrapes = Scrapes(self._fleet, lines, self._telemetry.registry, self._clock)

    def take(self, zapi: HostileZapi, replies: int) -> None:
        for number in range(replies):
            instance = self._instances[number % len(self._instances)]
            status, body, retry_after = zapi.status(), zapi.body(instance.id), zapi.retry_after()
            is_success = 200 <= status < 300
            now = self._clock.time()
            reading = read_me(body, instance) if is_success else refusal(status, body, retry_after, now)
            self._telemetry.began(0.0)
            self._telemetry.ended(reading, 0.1)
            self._fleet.record(instance, reading, 0.1)
            self._clock.advance(1.0)

    def text(self) -> str:
        self._scrapes.render(Format.OPENMETRICS, gzip=True)
        return self._scrapes.render(Format.TEXT, gzip=False).whole().decode()


def series(text: str, prefix: str) -> int:
    return sum(line.startswith(prefix) for line in text.splitlines())


def test_hostile_replies_leave_a_fixed_number_of_series(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "exporter")  # pytest keeps every record
    zapi, room = HostileZapi(1), Room(3)
    own = series(room.text(), "zapi_exporter_")
    room.take(zapi, 600)
    tracemalloc.start()
    try:
        kept = []
        for _ in range(3):
            room.take(zapi, 600)
            text = room.text()
            gc.collect()
            kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert series(text, "zapi_exporter_") == own
    assert series(text, "zapi_instance_") <= 3 * MOST_OF_ONE
    assert kept[2] - kept[1] < 100_000, kept


def test_every_label_but_names_and_statuses_has_a_closed_set_of_values() -> None:
    zapi, room = HostileZapi(2), Room(3)
    seen: dict[str, set[str]] = defaultdict(set)
    for _ in range(200):
        room.take(zapi, 10)
        for family in families(room.text()).values():
            for sample in family.samples:
                for label, value in sample.labels.items():
                    seen[label].add(value)
    for label, values in CLOSED.items():
        assert seen[label] <= values, label
        assert label == "reason" or seen[label] == values, f"the replies are not hostile enough to {label}"
    assert len(seen["status"]) == MAX_STATUSES + 2
    assert {UNKNOWN_STATUS, OTHER_STATUS} <= seen["status"]
    others = {"name", "id", "display_name", "status", "le", "version", "python_version"}
    assert seen.keys() == CLOSED.keys() | others
