"""Diagnoses → the causes that many of them share. Pure.

Z-API that is down, or one refused Client-Token, is one thing to know and to mend, not one for each instance.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model.poll_result import Failure, Reason
from exporter.web.status_page.diagnosis import Diagnosis
from exporter.web.status_page.problems import Level, Problem

FEWEST: Final = 3
"""Fewest instances that a cause is told once for."""

_SHARE: Final = 0.1
_OF_AN_ACCOUNT: Final = frozenset({Reason.UNAUTHORIZED, Reason.IP_NOT_ALLOWED})
_OF_AN_INSTANCE: Final = frozenset({Reason.NOT_FOUND, Reason.WRONG_INSTANCE, Reason.SUBSCRIPTION_ENDED})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why ``count`` instances cannot be polled. ``failure`` is the most usual one, ``level`` the worst."""

    failure: Failure
    count: int
    level: Level


def shared_causes(diagnoses: Sequence[Diagnosis]) -> tuple[Cause, ...]:
    """Return the causes of at least :data:`FEWEST` of the instances, the most frequent first.

    A cause that is not an account's must concern a tenth of them: a few timeouts among many say nothing.
    """
    failing = [(failure, one) for one in diagnoses if (failure := _failure(one)) is not None]
    return tuple(_causes(failing, max(FEWEST, _SHARE * len(diagnoses))))


def is_told_by(causes: Sequence[Cause], diagnosis: Diagnosis) -> bool:
    """Return whether the causes say all that is wrong with the instance."""
    failure = _failure(diagnosis)
    if failure is None or diagnosis.problems != (Problem.UNREACHABLE,):
        return False
    return any(cause.failure.reason is failure.reason for cause in causes)


def _causes(failing: Sequence[tuple[Failure, Diagnosis]], fewest: float) -> Iterator[Cause]:
    for reason, count in Counter(failure.reason for failure, _ in failing).most_common():
        if count < (FEWEST if reason in _OF_AN_ACCOUNT else fewest):
            continue
        same = [(failure, one) for failure, one in failing if failure.reason is reason]
        ((detail, _),) = Counter(failure.detail for failure, _ in same).most_common(1)
        levels = {one.level_of(Problem.UNREACHABLE) for _, one in same}
        yield Cause(Failure(reason, detail), count, Level.BAD if Level.BAD in levels else Level.WARNING)


def _failure(diagnosis: Diagnosis) -> Failure | None:
    failure = diagnosis.view.failure
    if Problem.UNREACHABLE not in diagnosis.problems or failure is None or failure.reason in _OF_AN_INSTANCE:
        return None
    return failure
