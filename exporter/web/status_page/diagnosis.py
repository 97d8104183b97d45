"""A view → one instance, judged: what the page needs to filter, sort and find it, independent of language. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import pairwise
from operator import attrgetter
from typing import Final

from exporter.fleet.store import InstanceView, is_as_expected
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Reason, Session
from exporter.model.secret import Secret
from exporter.web.status_page.query import Show
from exporter.web.status_page.sanitize import folded, visible

EXPIRES_SOON: Final = 7 * 86_400.0
"""Seconds left of a subscription below which it is a problem."""
EXPIRES_IMMINENTLY: Final = 86_400.0
"""Seconds left of a subscription below which it is as bad as an ended one."""
QUEUE_STUCK_AFTER: Final = 3600.0
"""Seconds that the oldest message of a connected number may wait, as in the alert rules. After an outage, the 1,000
messages that Z-API keeps take 50 minutes to send, at 3 s each."""
QUEUE_NEARLY_FULL: Final = 900
"""Number of messages from which the queue of a disconnected number is a problem: Z-API keeps 1,000."""
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

    @property
    def is_wrong(self) -> bool:
        return self in (WebhookState.MISSING, WebhookState.SILENCED, WebhookState.DIFFERENT)

    @property
    def is_set(self) -> bool:
        return self not in (WebhookState.MISSING, WebhookState.NOT_SET, WebhookState.UNREADABLE)


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


_NEVER: Final = float("inf")
_NUMBER: Final = re.compile(r"\d+")

_FAILING: Final = (Problem.UNREACHABLE, Problem.STOPPED)
_SHOWN_BY: Final = {
    Problem.DISCONNECTED: Show.DISCONNECTED,
    Problem.EXPIRED: Show.EXPIRING,
    Problem.UNREACHABLE: Show.UNREACHABLE,
    Problem.STOPPED: Show.UNREACHABLE,
    Problem.WEBHOOK_MISSING: Show.WEBHOOKS,
    Problem.WEBHOOK_MUTED: Show.WEBHOOKS,
    Problem.WEBHOOK_DIFFERENT: Show.WEBHOOKS,
    Problem.UNPAID: Show.UNPAID,
    Problem.EXPIRING: Show.EXPIRING,
    Problem.SESSION_LOST: Show.DISCONNECTED,
    Problem.SESSION_LOST_UNNOTICED: Show.PROBLEMS,
    Problem.QUEUE_FULL: Show.PROBLEMS,
    Problem.QUEUE_STUCK: Show.PROBLEMS,
    Problem.PHONE_OFFLINE: Show.PROBLEMS,
    Problem.COLLECTOR_FAILING: Show.PROBLEMS,
}

_basis: Final = attrgetter("instance", "status", "up", "failure", "payment_status", "paid", "collected")
"""The fields of a view that a diagnosis depends on."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The problems of one instance and what the page needs to filter and sort it.

    It is valid from ``valid_from`` until before ``valid_until``, in unix seconds, when the passing of time changes it.
    ``levels`` has the level of each problem. ``order`` sorts the worst first; a search looks through ``haystack``.
    """

    view: InstanceView
    problems: tuple[Problem, ...]
    levels: tuple[Level, ...]
    webhooks: tuple[tuple[str, WebhookState], ...]
    shows: frozenset[Show]
    order: tuple[int, int, float, str]
    haystack: str
    valid_from: float
    valid_until: float

    @property
    def level(self) -> Level:
        if self.problems:
            return Level.BAD if Level.BAD in self.levels else Level.WARNING
        return Level.WAITING if self.view.up is None else Level.GOOD

    @property
    def state_level(self) -> Level:
        """The level of the connection alone."""
        if self.view.up is None:
            return Level.WAITING
        state = self.problems
        if not self.view.up:
            state = tuple(problem for problem in self.problems if problem in _FAILING)
        if state and state[0] in (*LOST, *_FAILING):
            return self.level_of(state[0])
        return Level.GOOD

    def level_of(self, problem: Problem) -> Level:
        """Return how bad one of the problems is: as the alert rules have it."""
        return self.levels[self.problems.index(problem)]

    def webhooks_that_are(self, state: WebhookState) -> tuple[str, ...]:
        return tuple(name for name, its_state in self.webhooks if its_state is state)


class Diagnoses:
    """Makes diagnoses, and keeps each until the instance has changed or the diagnosis has expired.

    Most polls change nothing: then the new view gets the old diagnosis. Safe to use from many
    threads: at worst they do the same work twice.
    """

    def __init__(self) -> None:
        self._known: dict[str, Diagnosis] = {}

    def of(self, views: Sequence[InstanceView], now: float) -> list[Diagnosis]:
        known, fresh = self._known, {}
        for view in views:
            diagnosis = known.get(view.instance.name)
            if diagnosis is None or not diagnosis.valid_from <= now < diagnosis.valid_until:
                diagnosis = diagnose(view, now)
            elif diagnosis.view is not view:
                same = _basis(diagnosis.view) == _basis(view)
                diagnosis = replace(diagnosis, view=view) if same else diagnose(view, now)
            fresh[view.instance.name] = diagnosis
        self._known = fresh
        return list(fresh.values())


def diagnose(view: InstanceView, now: float) -> Diagnosis:
    """Return what is wrong with the instance at the unix time ``now``."""
    webhooks = tuple(webhook_states(view))
    problems = tuple(find_problems(view, frozenset(state for _, state in webhooks), now))
    levels = tuple(level_of(problem, view, now) for problem in problems)
    valid_from, valid_until = _validity(view, now)
    return Diagnosis(
        view=view,
        problems=problems,
        levels=levels,
        webhooks=webhooks,
        shows=frozenset(_shows(view, problems)),
        order=_order(view, problems, levels),
        haystack=_haystack(view),
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _shows(view: InstanceView, problems: Sequence[Problem]) -> Iterator[Show]:
    yield Show.ALL
    if problems:
        yield Show.PROBLEMS
    for problem in problems:
        yield _SHOWN_BY[problem]
    if view.status is not None and view.status.connected:
        yield Show.CONNECTED
    if view.up is None:
        yield Show.WAITING


def _order(
    view: InstanceView, problems: Sequence[Problem], levels: Sequence[Level]
) -> tuple[int, int, float, str]:
    """Return a sort key: the worst problem, the number of problems, the end of the subscription, the name."""
    due = view.status.due if view.status else None
    name = _NUMBER.sub(lambda digits: digits[0].zfill(12), folded(view.instance.name))
    most = len(Problem)
    ranks = [
        problem.value + (0 if level is Level.BAD else most)
        for problem, level in zip(problems, levels, strict=True)
    ]
    rank = min(ranks, default=2 * most + (1 if view.up is None else 2))
    return rank, -len(problems), _NEVER if due is None else due, name


def _haystack(view: InstanceView) -> str:
    instance = view.instance
    texts = [instance.name, instance.id, *(f"{name}={value}" for name, value in instance.labels.items())]
    if view.status is not None and view.status.display_name:
        texts.append(view.status.display_name)
    if view.payment_status is not None:
        texts.append(view.payment_status)
    if view.failure is not None:
        texts.append(view.failure.reason.value)
    return "\n".join(folded(visible(text)) for text in texts)


def _validity(view: InstanceView, now: float) -> tuple[float, float]:
    due = view.status.due if view.status else None
    stuck = stuck_from(view)
    turns = [-_NEVER, _NEVER]
    if due is not None:
        turns += (due - EXPIRES_SOON, due - EXPIRES_IMMINENTLY, due)
    if stuck is not None:
        turns.append(stuck)
    turns.sort()
    return next((begin, end) for begin, end in pairwise(turns) if now < end)
