"""Ten thousand instances that are all in the same trouble, as their exporter exposes them."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from bench.instances import config, readings
from exporter.fleet.store import Fleet
from exporter.metrics.exposition import Format, InstanceLines, Scrapes
from exporter.metrics.self_metrics import Telemetry
from exporter.model.poll_result import (
    Collected,
    Collector,
    Failure,
    MessageQueue,
    PhoneStatus,
    Reading,
    Reason,
    Session,
    Status,
)
from harness.loopback import LoopbackServer, QuietHandler

FEW: Final = 20
"""Instances that are played first, and then repeated."""
_HOUR: Final = 3600.0
_DAY: Final = 86400.0
_ONLINE: Final = PhoneStatus(Session.CONNECTED, phone_online=True)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``before`` is what the last poll learned ``ago`` seconds ago, ``now`` what each poll learns since.

    Both change a good reading; the number is that of the instance. ``collected`` is what collectors learn meanwhile:
    with none they are not asked.
    """

    now: Callable[[Status, int], Reading]
    before: Callable[[Status, int], Reading] | None = None
    ago: float = 0.0
    collected: Callable[[], Mapping[Collector, Collected]] = dict


def _good(status: Status, number: int) -> Reading:
    return status


def _disconnected(status: Status, number: int) -> Reading:
    return replace(status, connected=False)


def _fails(reason: Reason, share: float = 1.0) -> Callable[[Status, int], Reading]:
    """Polls of that share of each few instances."""

    def read(status: Status, number: int) -> Reading:
        return Failure(reason, "made up") if number % FEW < share * FEW else status

    return read


def _due_in(seconds: float) -> Callable[[Status, int], Reading]:
    return lambda status, number: replace(status, due=time.time() + seconds)


def _collected(
    status: Collected = _ONLINE, waits: float = 0.0
) -> Callable[[], Mapping[Collector, Collected]]:
    """``waits`` is for how long the oldest of 40 messages does, in seconds; with 0 there is none."""

    def collect() -> Mapping[Collector, Collected]:
        queue = MessageQueue(40, time.time() - waits) if waits else MessageQueue(0, None)
        return {Collector.STATUS: status, Collector.QUEUE: queue}

    return collect


TROUBLES: Final[Mapping[str, Trouble]] = {
    "none": Trouble(_good),
    "disconnected, many at once": Trouble(_disconnected, _good, 900),
    "disconnected for seven hours": Trouble(_disconnected, _good, 7 * _HOUR),
    "never connected": Trouble(_disconnected),
    "expiring soon": Trouble(_due_in(5 * _DAY)),
    "expiring imminently": Trouble(_due_in(_HOUR)),
    "expired": Trouble(_due_in(-_HOUR)),
    "unpaid": Trouble(lambda status, number: replace(status, payment_status="unpaid")),
    "payment unknown": Trouble(lambda status, number: replace(status, payment_status="trialing")),
    "due date unknown": Trouble(lambda status, number: replace(status, due=None)),
    "webhooks missing": Trouble(
        lambda status, number: replace(status, webhooks=dict.fromkeys(status.webhooks))
    ),
    "webhooks muted": Trouble(
        lambda status, number: replace(status, muted=frozenset({"received", "disconnected"}))
    ),
    "credentials refused": Trouble(_fails(Reason.UNAUTHORIZED), _good, _HOUR),
    "subscription ended": Trouble(_fails(Reason.SUBSCRIPTION_ENDED), _good, _HOUR),
    "wrong instance": Trouble(_fails(Reason.WRONG_INSTANCE), _good, _HOUR),
    "address not allowed": Trouble(_fails(Reason.IP_NOT_ALLOWED), _good, _HOUR),
    "refused by a firewall": Trouble(_fails(Reason.FORBIDDEN), _good, _HOUR),
    "rate limited": Trouble(_fails(Reason.RATE_LIMITED), _good, _HOUR),
    "Z-API down": Trouble(_fails(Reason.TIMEOUT), _good, _HOUR),
    "three in four cannot be polled": Trouble(_fails(Reason.TIMEOUT, 0.75), _good, _HOUR),
    "none, with both collectors": Trouble(_good, collected=_collected()),
    "phones offline": Trouble(
        _good, collected=_collected(PhoneStatus(Session.CONNECTED, phone_online=False))
    ),
    "sessions lost": Trouble(_good, collected=_collected(PhoneStatus(Session.RESTORABLE, phone_online=True))),
    "queues stuck": Trouble(_good, collected=_collected(waits=2 * _HOUR)),
    "collector fails": Trouble(_good, collected=_collected(Failure(Reason.SERVER_ERROR, "HTTP 500"))),
    "never polled well": Trouble(_fails(Reason.TIMEOUT, 0.75), _fails(Reason.TIMEOUT, 0.75), _HOUR),
}
"""What may happen to all of them → what is read."""


class Exposed:
    """A fleet in a trouble; each scrape comes after a poll of every instance."""

    def __init__(self, count: int, trouble: Trouble) -> None:
        self._trouble = trouble
        self._ago = trouble.ago
        lines = InstanceLines()
        asked = frozenset(trouble.collected())
        plain = config(count)
        settings = replace(
            plain, instances=tuple(replace(instance, collect=asked) for instance in plain.instances)
        )
        self._statuses = [
            (instance, status)
            for instance, (_, status) in zip(settings.instances, readings(count), strict=True)
            if isinstance(status, Status)
        ]
        self._fleet = Fleet(settings, self, [lines])
        telemetry = Telemetry()
        telemetry.describe_process()
        telemetry.reloaded(settings, time.time())
        self._scrapes = Scrapes(self._fleet, lines, telemetry.registry, self)
        self._scraping = threading.Lock()
        if trouble.before is not None:
            self._poll(trouble.before)
        self._ago = 0.0

    def time(self) -> float:
        return time.time() - self._ago

    def monotonic(self) -> float:
        return time.monotonic() - self._ago

    def scrape(self) -> bytes:
        with self._scraping:
            self._poll(self._trouble.now)
            return self._scrapes.render(Format.TEXT, gzip=False).whole()

    def _poll(self, read: Callable[[Status, int], Reading]) -> None:
        for number, (instance, status) in enumerate(self._statuses):
            self._fleet.record(instance, read(status, number), 0.1)
            for collector, collected in self._trouble.collected().items():
                self._fleet.record_collected(instance, collector, collected)


@contextmanager
def served(exposed: Exposed) -> Iterator[str]:
    """Serve it, and give the target's address."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.answer(exposed.scrape(), "text/plain; version=0.0.4")

    with LoopbackServer(Handler) as server:
        yield server.address
