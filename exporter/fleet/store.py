"""The current state of every instance: its view, and all views.

A reading becomes an immutable :class:`InstanceView`. Ages use the monotonic clock, so that a step of the wall clock
neither keeps old values nor expires good ones.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from exporter.model.clock import Clock
from exporter.model.poll_result import (
    Collected,
    Collector,
    Failure,
    MessageQueue,
    PhoneStatus,
    Reading,
    Status,
)
from exporter.model.secret import Secret
from exporter.model.settings import Config, Instance

UNKNOWN_STATUS: Final = "unknown"
"""The payment status of an instance whose ``/me`` has none."""

OTHER_STATUS: Final = "other"
"""Every payment status past the first :data:`MAX_STATUSES` different ones."""

MAX_STATUSES: Final = 20


@dataclass(frozen=True, slots=True)
class CollectorView:
    """The result of one collector for an instance: ``value`` is the last good value, ``None`` once it is stale."""

    value: PhoneStatus | MessageQueue | None
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One instance at one moment. Times are unix seconds; ``None`` stands for "never" or "not known".

    ``up`` is ``None`` before the first poll. ``status`` is the last good one, ``None`` once it is stale.
    ``payment_status`` is the label of the current payment status, ``paid`` whether it counts as paid, ``None`` for one
    that the configuration lists as neither paid nor unpaid. ``known_statuses`` are all such labels seen so far, of any
    instance, in the order they were first seen. ``since`` is when the present state began: the present failure, or else
    being connected or not. Where ``since_is_exact`` is false no poll saw it begin, and it may have begun earlier.
    ``collected`` has the results of the collectors; one that has not run yet is missing.
    """

    instance: Instance
    up: bool | None = None
    failure: Failure | None = None
    status: Status | None = None
    payment_status: str | None = None
    paid: bool | None = None
    known_statuses: tuple[str, ...] = ()
    polls: int = 0
    failures: int = 0
    disconnects: int = 0
    last_poll: float | None = None
    last_success: float | None = None
    last_connected: float | None = None
    last_duration: float | None = None
    since: float | None = None
    since_is_exact: bool = False
    collected: Mapping[Collector, CollectorView] = field(default_factory=dict)

    @property
    def phone_status(self) -> PhoneStatus | None:
        """What the collector ``status`` knows."""
        known = self.collected.get(Collector.STATUS)
        return known.value if known is not None and isinstance(known.value, PhoneStatus) else None

    @property
    def message_queue(self) -> MessageQueue | None:
        """What the collector ``queue`` knows."""
        known = self.collected.get(Collector.QUEUE)
        return known.value if known is not None and isinstance(known.value, MessageQueue) else None


def is_as_expected(url: Secret | None, expected: Secret | None, *, muted: bool) -> bool:
    """Return whether Z-API calls a webhook as expected: set, to the expected URL if there is one, and not muted."""
    return url is not None and expected in (None, url) and not muted


class FleetListener(Protocol):
    """Receives every change, in order, one at a time."""

    def changed(self, before: InstanceView, after: InstanceView) -> None:
        """Take the new view of one instance."""

    def replaced(self, views: Sequence[InstanceView]) -> None:
        """Take a new set of instances; ``views`` are the views of all of them."""


@dataclass(slots=True)
class _Entry:
    """A view and its ages, in monotonic seconds."""

    view: InstanceView
    expires_at: float = float("inf")
    read_at: float = float("-inf")
    was_connected: bool | None = None
    connection_since: float | None = None
    connection_is_exact: bool = False
    collected_at: dict[Collector, float] = field(default_factory=dict)
    """When the value of each collector that has one was read."""


class Fleet:
    """The views of all configured instances. Safe to use from many threads."""

    def __init__(self, config: Config, clock: Clock, listeners: Sequence[FleetListener] = ()) -> None:
        self._clock = clock
        self._listeners = tuple(listeners)
        self._lock = threading.RLock()
        self._config = config
        self._known_statuses: tuple[str, ...] = ()
        self._entries: dict[str, _Entry] = {}
        self._next_expiry = float("inf")
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Take a new configuration; an instance with the same name and id keeps its view."""
        with self._lock:
            self._config = config
            self._entries = {
                instance.name: self._entry_for(instance, self._entries.get(instance.name))
                for instance in config.instances
            }
            views = self._all()
            for listener in self._listeners:
                listener.replaced(views)

    def record(self, instance: Instance, reading: Reading, duration: float) -> None:
        """Store the result of a poll of ``duration`` seconds, which ended just now.

        A reading of an instance that is no longer configured, or that has another id by now, is dropped.
        """
        with self._lock:
            entry = self._entries.get(instance.name)
            if entry is None or entry.view.instance.id != instance.id:
                return
            if isinstance(reading, Failure):
                self._fail(entry, reading, duration)
            else:
                self._succeed(entry, reading, duration)

    def record_collected(self, instance: Instance, collector: Collector, collected: Collected) -> None:
        """Store the result of one collector, which came just now.

        Its last good value is kept for ``stale_after`` seconds of failures. A result for an instance that is no longer
        configured, has another id or no longer has this collector is dropped.
        """
        with self._lock:
            entry = self._entries.get(instance.name)
            if entry is None or entry.view.instance.id != instance.id:
                return
            if collector not in entry.view.instance.collect:
                return
            old = entry.view.collected.get(collector)
            if isinstance(collected, Failure):
                new = CollectorView(None if old is None else old.value, collected)
            else:
                new = CollectorView(collected, None)
                entry.collected_at[collector] = self._clock.monotonic()
            if new != old:
                self._publish(entry, replace(entry.view, collected={**entry.view.collected, collector: new}))
            self._next_expiry = min(
                self._next_expiry, *self._collected_expiries(entry).values(), float("inf")
            )

    def views(self) -> tuple[InstanceView, ...]:
        """Return all instances, in the order of the configuration, with stale values withdrawn."""
        with self._lock:
            self.expire()
            return self._all()

    def view(self, name: str) -> InstanceView | None:
        """Return one instance; ``None`` if there is none of that name."""
        with self._lock:
            self.expire()
            entry = self._entries.get(name)
            return None if entry is None else entry.view

    def expire(self) -> None:
        """Withdraw values that are stale by now, and ``up`` where polls have stopped altogether."""
        with self._lock:
            now = self._clock.monotonic()
            if now < self._next_expiry:
                return
            for entry in self._entries.values():
                if now >= entry.expires_at:
                    entry.expires_at = float("inf")
                    withdrawn = replace(entry.view, up=False, status=None, payment_status=None, paid=None)
                    self._publish(entry, withdrawn)
                self._expire_collected(entry, now)
            self._next_expiry = min(
                (
                    moment
                    for entry in self._entries.values()
                    for moment in (entry.expires_at, *self._collected_expiries(entry).values())
                ),
                default=float("inf"),
            )

    def every_instance_was_polled(self) -> bool:
        with self._lock:
            return all(entry.view.polls for entry in self._entries.values())

    def every_collector_was_asked(self) -> bool:
        """Return whether every collector has run for each instance whose last poll succeeded."""
        with self._lock:
            views = self._all()
            return all(view.instance.collect <= view.collected.keys() for view in views if view.up)

    def _all(self) -> tuple[InstanceView, ...]:
        return tuple(entry.view for entry in self._entries.values())

    def _entry_for(self, instance: Instance, old: _Entry | None) -> _Entry:
        if old is None or old.view.instance.id != instance.id:
            return _Entry(InstanceView(instance, known_statuses=self._known_statuses))
        paid = self._paid(old.view.status)
        if (instance, paid) != (
            old.view.instance,
            old.view.paid,
        ):  # otherwise keep the same view object and everything cached for it
            asked = {each: known for each, known in old.view.collected.items() if each in instance.collect}
            old.collected_at = {each: at for each, at in old.collected_at.items() if each in asked}
            old.view = replace(old.view, instance=instance, paid=paid, collected=asked)
        if old.view.status is not None:
            self._schedule_expiry(old)
        return old

    def _fail(self, entry: _Entry, failure: Failure, duration: float) -> None:
        old, now = entry.view, self._clock.time()
        began_failing = old.failure is None or old.failure.reason is not failure.reason
        view = replace(
            old,
            up=False,
            failure=failure,
            polls=old.polls + 1,
            failures=old.failures + 1,
            last_poll=now,
            last_duration=duration,
            since=now if began_failing else old.since,
            since_is_exact=old.polls > 0 if began_failing else old.since_is_exact,
        )
        self._publish(entry, view)
        if view.status is not None:
            self._schedule_expiry(entry)

    def _succeed(self, entry: _Entry, status: Status, duration: float) -> None:
        old, now = entry.view, self._clock.time()
        if status is not old.status and status == old.status:
            status = old.status  # the same object: listeners see that nothing changed without a second look
        if entry.was_connected is not status.connected:
            entry.connection_since = now
            # After failed polls, or a start, it may have begun before this poll.
            entry.connection_is_exact = entry.was_connected is not None and old.up is True
        label = self._payment_label(status)
        view = InstanceView(  # at once, as dataclasses.replace() takes twice the time
            instance=old.instance,
            up=True,
            failure=None,
            status=status,
            payment_status=label,
            paid=self._paid(status),
            known_statuses=self._known_statuses,
            polls=old.polls + 1,
            failures=old.failures,
            disconnects=old.disconnects + bool(entry.was_connected and not status.connected),
            last_poll=now,
            last_success=now,
            last_connected=now if status.connected else old.last_connected,
            last_duration=duration,
            since=entry.connection_since,
            since_is_exact=entry.connection_is_exact,
            collected=old.collected,
        )
        entry.was_connected = status.connected
        entry.read_at = self._clock.monotonic()
        self._publish(entry, view)
        self._schedule_expiry(entry)

    def _expire_collected(self, entry: _Entry, now: float) -> None:
        stale = [each for each, moment in self._collected_expiries(entry).items() if now >= moment]
        if stale:
            withdrawn = {each: CollectorView(None, entry.view.collected[each].failure) for each in stale}
            self._publish(entry, replace(entry.view, collected={**entry.view.collected, **withdrawn}))
            for collector in stale:
                del entry.collected_at[collector]

    def _collected_expiries(self, entry: _Entry) -> Mapping[Collector, float]:
        """Return when the value of each collector becomes stale, for collectors that have a value."""
        return {
            collector: read_at + self._lifetime(failed=entry.view.collected[collector].failure is not None)
            for collector, read_at in entry.collected_at.items()
        }

    def _schedule_expiry(self, entry: _Entry) -> None:
        """Set the time at which the values become stale, by :meth:`_lifetime`."""
        entry.expires_at = entry.read_at + self._lifetime(failed=entry.view.failure is not None)
        self._next_expiry = min(self._next_expiry, entry.expires_at)

    def _lifetime(self, *, failed: bool) -> float:
        """Return how long values are kept, in seconds.

        While requests succeed, this is at least two intervals and the timeout, so that the next poll can replace
        the values before they expire.
        """
        polling = self._config.polling
        if failed:
            return polling.stale_after
        return max(polling.stale_after, 2 * polling.interval + self._config.api.timeout)

    def _publish(self, entry: _Entry, after: InstanceView) -> None:
        before, entry.view = entry.view, after
        for listener in self._listeners:
            listener.changed(before, after)

    def _paid(self, status: Status | None) -> bool | None:
        if status is None or not status.payment_status:
            return None
        if status.payment_status in self._config.paid_statuses:
            return True
        return False if status.payment_status in self._config.unpaid_statuses else None

    def _payment_label(self, status: Status) -> str | None:
        if status.payment_status is None:
            return None
        label = status.payment_status or UNKNOWN_STATUS
        if label not in self._known_statuses:
            read = [known for known in self._known_statuses if known not in (UNKNOWN_STATUS, OTHER_STATUS)]
            if len(read) >= MAX_STATUSES and label != UNKNOWN_STATUS:
                label = OTHER_STATUS
            self._learn_status(label)
        return label

    def _learn_status(self, label: str) -> None:
        """Show a status that is new to the fleet on every instance."""
        if label in self._known_statuses:
            return
        self._known_statuses += (label,)
        for entry in self._entries.values():
            self._publish(entry, replace(entry.view, known_statuses=self._known_statuses))
