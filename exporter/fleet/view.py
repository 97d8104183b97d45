"""The state of one instance at one moment: a value that each poll replaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.model.poll_result import Collector, Failure, MessageQueue, PhoneStatus, Status
from exporter.model.secret import Secret
from exporter.model.settings import Instance

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
