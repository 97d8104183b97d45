"""Costs that do not depend on how busy the machine is."""

import time
from collections.abc import Callable

ROUNDS = 12


def ratio(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int = ROUNDS,
    between: Callable[[], object] = lambda: None,
) -> float:
    """What ours takes of this thread's CPU, as a multiple of theirs: the least of turns taken in alternation.

    ``between`` prepares each turn, and is not measured.
    """
    least = [float("inf")] * 2
    for _ in range(rounds):
        for which, work in enumerate((ours, theirs)):
            between()
            before = time.thread_time()
            work()
            least[which] = min(least[which], time.thread_time() - before)
    return least[0] / least[1]


def assert_at_most_half_worse(measured: float, expected: float) -> None:
    assert measured <= expected * 1.5, f"{measured:.3g}, and {expected:.3g} is what it was"
