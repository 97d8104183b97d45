"""Changes of state, and instances that come and go → log lines; a poll that changes nothing logs nothing."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from exporter.fleet.store import InstanceView, is_as_expected
from exporter.model.poll_result import PhoneStatus, Session, Status
from exporter.model.settings import Config, Instance

MOST_NAMED: Final = 20
"""Instances that are named at each change of the configuration; the first line has the counts of all."""

_EFFORT: Final = {Session.CONNECTED: 0, Session.RESTORABLE: 1, Session.UNKNOWN: 2, Session.DISCONNECTED: 2}
"""Effort to connect a session: 0 none, 1 no person needed, 2 a person needed."""

_log = logging.getLogger(__name__)


class EventLog:
    """A listener of the fleet that logs the changes an operator wants to know of."""

    def changed(self, before: InstanceView, after: InstanceView) -> None:
        if after.polls != before.polls:
            self._poll(after)
            self._failure(before, after)
        if before.up and not after.up and after.failure is None:
            _say(logging.WARNING, "polls have stopped; values withdrawn", after)
        elif before.status is not None and after.status is None:
            _say(logging.WARNING, "no successful poll for too long; values withdrawn", after)
        if after.status is not None and after.status is not before.status:
            self._status(before.status, after.status, before, after)

        if after.collected is not before.collected:
            self._collected(before, after)

    def replaced(self, views: Sequence[InstanceView]) -> None:
        """Log nothing: the daemon calls :func:`log_changes`."""

    def _poll(self, view: InstanceView) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            outcome = "success" if view.failure is None else view.failure.reason.value
            _say(logging.DEBUG, "polled", view, outcome=outcome, duration=f"{view.last_duration:.3f}s")

    def _failure(self, before: InstanceView, after: InstanceView) -> None:
        if after.failure is None:
            if before.failure is not None:
                _say(logging.INFO, "polls succeed again", after, after=before.failure.reason.value)
        elif before.failure is None or before.failure.reason is not after.failure.reason:
            reason, detail = after.failure.reason.value, after.failure.detail
            duration = f"{after.last_duration:.3f}s"
            _say(logging.WARNING, "polls are failing", after, reason=reason, detail=detail, duration=duration)

    def _status(self, old: Status | None, new: Status, before: InstanceView, after: InstanceView) -> None:
        if after.disconnects != before.disconnects:
            _say(logging.WARNING, "disconnected", after)
        elif old is None or old.connected is not new.connected:
            level = logging.INFO if new.connected else logging.WARNING
            _say(level, "connected" if new.connected else "not connected", after)
        if old is None:
            return
        if before.payment_status != after.payment_status:
            _say(
                _level(_is_paid_worse(before.paid, after.paid)),
                "payment status changed",
                after,
                was=before.payment_status,
                now=after.payment_status,
            )
        self._webhooks(old, new, after)
        new_unreadable = new.unreadable - old.unreadable
        if new_unreadable:
            _say(
                logging.WARNING,
                "fields of /me could not be read",
                after,
                fields=",".join(sorted(new_unreadable)),
            )

    def _collected(self, before: InstanceView, after: InstanceView) -> None:
        for collector, known in after.collected.items():
            old = before.collected.get(collector)
            was, now = None if old is None else old.failure, known.failure
            if now is not None and (was is None or was.reason is not now.reason):
                fields = {"collector": collector.value, "reason": now.reason.value, "detail": now.detail}
                _say(logging.WARNING, "a collector is failing", after, **fields)
            elif was is not None and now is None:
                _say(logging.INFO, "a collector succeeds again", after, collector=collector.value)
            if isinstance(known.value, PhoneStatus) and (old is None or old.value != known.value):
                level = _level(_is_phone_worse(before.phone_status, known.value))
                session, online = known.value.session.value, known.value.phone_online
                _say(level, "phone status changed", after, session=session, phone_online=online)

    def _webhooks(self, old: Status, new: Status, after: InstanceView) -> None:
        """Log the changes of webhooks that both polls could read."""
        for webhook in sorted(old.webhooks.keys() & new.webhooks.keys()):
            was, now = old.webhooks[webhook], new.webhooks[webhook]
            if was != now:
                expected = after.instance.expected_webhooks.get(webhook)
                was_good, is_good = (is_as_expected(url, expected, muted=False) for url in (was, now))
                level = _level(now is None or (was_good and not is_good))
                _say(level, "webhook changed", after, webhook=webhook, set=now is not None)
        if new.muted is not None:
            for webhook in sorted(new.muted ^ (old.muted or frozenset())):
                muted = webhook in new.muted
                _say(_level(muted), "webhook filter changed", after, webhook=webhook, muted=muted)


def _is_paid_worse(was: bool | None, now: bool | None) -> bool:
    """Return whether an instance is unpaid now and was not, or no longer counts as paid."""
    return was is not now and (now is False or was is True)


def _is_phone_worse(was: PhoneStatus | None, now: PhoneStatus) -> bool:
    """Return whether the session or the phone is in a worse state; without an earlier one, in a bad state."""
    effort, was_offline = (0, False) if was is None else (_EFFORT[was.session], was.phone_online is False)
    return _EFFORT[now.session] > effort or (now.phone_online is False and not was_offline)


def _level(is_worse: bool) -> int:
    return logging.WARNING if is_worse else logging.INFO


def _say(level: int, message: str, view: InstanceView, **fields: object) -> None:
    _log.log(level, message, extra={"instance": view.instance.name, **fields})


def log_changes(message: str, old: Config, new: Config) -> None:
    """Log ``message`` with counts, then a line for each instance that came or went, the first few of them."""
    before = {instance.name: instance for instance in old.instances}
    after = {instance.name: instance for instance in new.instances}
    added, removed = _without(after, before), _without(before, after)
    counts = {
        "instances": len(after),
        "added": len(added),
        "removed": len(removed),
        "changed": sum(before[name] != after[name] for name in before.keys() & after.keys()),
    }
    _log.info(message, extra=counts)
    _name("an instance was removed", removed)
    _name("an instance was added", added)


def _without(some: Mapping[str, Instance], others: Mapping[str, Instance]) -> list[Instance]:
    return [instance for name, instance in some.items() if name not in others]


def _name(message: str, instances: Iterable[Instance]) -> None:
    for instance in islice(instances, MOST_NAMED):
        _log.info(message, extra={"instance": instance.name, "source": instance.source})
