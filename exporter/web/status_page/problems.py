"""A view → the states of the webhooks, and the problems of the instance with their severity. Pure."""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from exporter.fleet.store import InstanceView, is_as_expected
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Reason, Session
from exporter.model.secret import Secret

EXPIRES_SOON: Final = 7 * 86_400.0
"""Seconds before the end of a subscription from which on it is a problem."""
EXPIRES_IMMINENTLY: Final = 86_400.0
"""Seconds before the end of a subscription from which on it is as bad as if it had ended."""
QUEUE_STUCK_AFTER: Final = 3600.0
"""Seconds that the oldest message of a connected number may wait, as the alert rules have it: at one in three seconds
the 1,000 that Z-API keeps while it is disconnected take 50 minutes."""
QUEUE_NEARLY_FULL: Final = 900
"""Messages of a number that is not connected from which on it is a problem: Z-API refuses them from 1,000 on."""
_REFUSED: Final = frozenset({Reason.UNAUTHORIZED, Reason.NOT_FOUND, Reason.SUBSCRIPTION_ENDED})
"""Reasons that do not pass by themselves: critical although the last values are still known."""


class WebhookState(Enum):
    """The state of one webhook of an instance, compared with the configuration.

    ``SILENCED`` is one that is expected, set and muted by a filter at Z-API; ``MUTED`` one that nobody expects.
    """

    AS_EXPECTED = auto()
    MISSING = auto()
    SILENCED = auto()
    DIFFERENT = auto()
    SET = auto()
    MUTED = auto()
    NOT_SET = auto()
    UNREADABLE = auto()


def webhook_states(view: InstanceView) -> Iterator[tuple[str, WebhookState]]:
    """Yield the short name and the state of each webhook that something is known of."""
    status, expected = view.status, view.instance.expected_webhooks
    if status is None:
        return
    said_nothing = not status.webhooks
    for webhook, field in WEBHOOK_FIELDS.items():
        if field in status.unreadable:
            yield webhook, WebhookState.UNREADABLE
            continue
        if said_nothing:
            continue
        url, muted = status.webhooks.get(webhook), webhook in (status.muted or ())
        if webhook in expected:
            yield webhook, _expected_webhook(url, expected[webhook], muted=muted)
        elif webhook in status.webhooks:
            yield (
                webhook,
                WebhookState.NOT_SET if url is None else WebhookState.MUTED if muted else WebhookState.SET,
            )


def _expected_webhook(url: Secret | None, expected: Secret | None, *, muted: bool) -> WebhookState:
    if is_as_expected(url, expected, muted=muted):
        return WebhookState.AS_EXPECTED
    if url is None:
        return WebhookState.MISSING
    return WebhookState.SILENCED if muted else WebhookState.DIFFERENT


class Problem(Enum):
    """What can be wrong with an instance, worst first."""

    DISCONNECTED = auto()
    SESSION_LOST = auto()
    """Disconnected, and the session can be restored without the phone."""
    SESSION_LOST_UNNOTICED = auto()
    """Connected as ``/me`` says, while ``/status`` says that the session is lost."""
    EXPIRED = auto()
    UNREACHABLE = auto()
    STOPPED = auto()
    QUEUE_FULL = auto()
    QUEUE_STUCK = auto()
    WEBHOOK_MISSING = auto()
    WEBHOOK_MUTED = auto()
    WEBHOOK_DIFFERENT = auto()
    UNPAID = auto()
    EXPIRING = auto()
    PHONE_OFFLINE = auto()
    COLLECTOR_FAILING = auto()


class Level(Enum):
    """How much an instance, or all of them, needs attention; the values are class names of the style."""

    BAD = "bad"
    WARNING = "warning"
    WAITING = "waiting"
    GOOD = "good"


LOST: Final = (Problem.DISCONNECTED, Problem.SESSION_LOST)
_BAD: Final = frozenset(
    {
        *LOST,
        Problem.SESSION_LOST_UNNOTICED,
        Problem.EXPIRED,
        Problem.STOPPED,
        Problem.QUEUE_FULL,
        Problem.QUEUE_STUCK,
        Problem.WEBHOOK_MISSING,
        Problem.WEBHOOK_MUTED,
        Problem.WEBHOOK_DIFFERENT,
    }
)
"""Problems that the alert rules call critical at all times."""


def find_problems(view: InstanceView, webhooks: frozenset[WebhookState], now: float) -> Iterator[Problem]:
    """Yield the problems at the unix time ``now``, in no order."""
    status = view.status
    due = status.due if status else None
    if status is not None and not status.connected:
        yield Problem.SESSION_LOST if _is_restorable(view) else Problem.DISCONNECTED
    elif status is not None and _has_lost_session(view):
        yield Problem.SESSION_LOST_UNNOTICED
    if due is not None and due <= now:
        yield Problem.EXPIRED
    if view.up is False:
        yield Problem.STOPPED if view.failure is None else Problem.UNREACHABLE
    yield from _queue_problems(view, now)
    if WebhookState.MISSING in webhooks:
        yield Problem.WEBHOOK_MISSING
    if WebhookState.SILENCED in webhooks:
        yield Problem.WEBHOOK_MUTED
    if WebhookState.DIFFERENT in webhooks:
        yield Problem.WEBHOOK_DIFFERENT
    if view.paid is False:
        yield Problem.UNPAID
    if due is not None and now < due <= now + EXPIRES_SOON:
        yield Problem.EXPIRING
    yield from _lesser_problems_collected(view)


def _lesser_problems_collected(view: InstanceView) -> Iterator[Problem]:
    is_connected = view.status is None or view.status.connected
    if is_connected and view.phone_status is not None and view.phone_status.phone_online is False:
        yield Problem.PHONE_OFFLINE
    if any(known.failure is not None for known in view.collected.values()):
        yield Problem.COLLECTOR_FAILING


def _is_restorable(view: InstanceView) -> bool:
    return view.phone_status is not None and view.phone_status.session is Session.RESTORABLE


def _has_lost_session(view: InstanceView) -> bool:
    return view.phone_status is not None and view.phone_status.session is not Session.CONNECTED


def stuck_from(view: InstanceView) -> float | None:
    """Return when the oldest message will have waited too long; time without a connection does not count."""
    if view.message_queue is None or view.message_queue.oldest is None:
        return None
    connected = view.since if view.since is not None and view.since_is_exact and view.up else 0.0
    return max(view.message_queue.oldest, connected) + QUEUE_STUCK_AFTER


def _queue_problems(view: InstanceView, now: float) -> Iterator[Problem]:
    """Yield problems of the queue. While disconnected it is expected to grow, until Z-API refuses more."""
    queue, status = view.message_queue, view.status
    if queue is None or status is None:
        return
    if not status.connected and queue.messages >= QUEUE_NEARLY_FULL:
        yield Problem.QUEUE_FULL
    stuck = stuck_from(view)
    if status.connected and stuck is not None and stuck <= now:
        yield Problem.QUEUE_STUCK


def level_of(problem: Problem, view: InstanceView, now: float) -> Level:
    """Return how bad a problem of the instance is at the unix time ``now``."""
    if problem in _BAD:
        return Level.BAD
    if problem is Problem.UNREACHABLE:
        refused = view.failure is not None and view.failure.reason in _REFUSED
        return Level.BAD if refused or view.status is None else Level.WARNING
    if problem is Problem.EXPIRING and view.status is not None and view.status.due is not None:
        return Level.BAD if view.status.due <= now + EXPIRES_IMMINENTLY else Level.WARNING
    return Level.WARNING
