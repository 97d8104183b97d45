"""A view → one instance, judged: what the page needs to filter, sort and find it, independent of language. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import attrgetter
from typing import Final

from exporter.fleet.store import InstanceView
from exporter.web.status_page.problems import (
    EXPIRES_IMMINENTLY,
    EXPIRES_SOON,
    LOST,
    Level,
    Problem,
    WebhookState,
    find_problems,
    level_of,
    stuck_from,
    webhook_states,
)
from exporter.web.status_page.query import Show
from exporter.web.status_page.sanitize import folded, visible

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

    It holds from ``valid_from`` until before ``valid_until``, in unix seconds: then the subscription comes nearer to
    its end, and only a new diagnosis is right. ``levels`` says of each problem how bad it is. ``order`` sorts the worst
    first; ``haystack`` is what a search looks through.
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
