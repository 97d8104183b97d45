"""Runs the collectors of an instance: after its ``/me``, and without using the workers of other instances."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from exporter.model.clock import Clock
from exporter.model.poll_result import Collected, Collector, Failure, Reason
from exporter.model.settings import Instance
from exporter.poller.schedule import Backoff

MISSING_PAUSE: Final = 3600.0
"""Seconds before an endpoint that Z-API does not offer for an instance is requested again."""

_SHORTEST: Final = 0.1
"""Minimum seconds left before the next slot for a request to be started."""

Ask = Callable[[Instance, Collector, float], Collected]
"""Function that makes one request within the given seconds and never raises."""

RecordCollected = Callable[[Instance, Collector, Collected], None]


@dataclass(slots=True)
class _Past:
    """How the latest requests of one collector for one instance went; moments are in monotonic seconds."""

    asked: float = float("-inf")
    failures_in_a_row: int = 0
    due: float = float("-inf")


@dataclass(frozen=True, slots=True)
class CollectorLimits:
    """What collectors may use. ``timeout`` is the limit of each, ``interval`` the polling interval, both in seconds.

    ``places`` is the number of workers that collectors may use at the same time, ``None`` for all of them; collectors
    whose last request failed may use a quarter of these.
    """

    timeout: float
    interval: float
    places: int | None


class Collectors:
    """Runs the collectors of an instance, one after the other. Safe to use from many threads.

    If no place is free, a collector waits for the next slot of its instance. So endpoints that do not respond cannot
    delay polls of ``/me``.
    """

    def __init__(
        self,
        ask: Ask,
        record: RecordCollected,
        observe: Callable[[Collector, Collected], None],
        *,
        limits: CollectorLimits,
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        self._ask, self._record, self._observe = ask, record, observe
        self._limits = limits
        self._clock = clock
        self._backoff = backoff
        self._lock = threading.Lock()
        self._held = 0
        self._held_by_failing = 0
        self._past: dict[tuple[str, Collector], _Past] = {}

    def reconfigure(self, ask: Ask, limits: CollectorLimits, names: Collection[str]) -> None:
        """Use ``ask`` and ``limits`` from now on, and forget instances that are not among ``names``."""
        with self._lock:
            self._ask, self._limits = ask, limits
            self._past = {key: past for key, past in self._past.items() if key[0] in names}

    def run(self, instance: Instance, next_slot: float) -> None:
        """Run the collectors that are due. Each request ends before ``next_slot``, in monotonic seconds.

        The collector that ran longest ago comes first, so that a slow collector which uses a whole slot leaves the
        next slot to the others.
        """
        pasts = [
            (collector, self._past.setdefault((instance.name, collector), _Past()))
            for collector in sorted(instance.collect)
        ]
        for collector, past in sorted(pasts, key=lambda pair: pair[1].asked):
            now = self._clock.monotonic()
            timeout = min(self._limits.timeout, next_slot - now)
            if now < past.due or timeout < _SHORTEST:
                continue
            with self._place(is_failing=past.failures_in_a_row > 0) as has_place:
                if has_place:
                    past.asked = now
                    collected = self._ask(instance, collector, timeout)
                    self._observe(collector, collected)
                    self._record(instance, collector, collected)
                    self._settle(past, collected)

    @contextmanager
    def _place(self, *, is_failing: bool) -> Iterator[bool]:
        with self._lock:
            places = self._limits.places
            is_full = places is not None and (
                self._held >= places or (is_failing and self._held_by_failing >= max(1, places // 4))
            )
            if not is_full:
                self._held += 1
                self._held_by_failing += is_failing
        try:
            yield not is_full
        finally:
            if not is_full:
                with self._lock:
                    self._held -= 1
                    self._held_by_failing -= is_failing

    def _settle(self, past: _Past, collected: Collected) -> None:
        if not isinstance(collected, Failure):
            past.failures_in_a_row, past.due = 0, float("-inf")
            return
        past.failures_in_a_row += 1
        now, failures = self._clock.monotonic(), past.failures_in_a_row
        if collected.reason is Reason.NOT_FOUND:
            past.due = now + MISSING_PAUSE
        elif failures > 1 or collected.retry_after is not None:
            past.due = now + self._backoff.wait(collected, failures, self._limits.interval)
