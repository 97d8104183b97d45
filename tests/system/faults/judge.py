"""A promise and what was seen → what differs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tests.system.faults.promise import Promise
from tests.system.faults.seen import LogLine, Seen

_ALWAYS: Final = frozenset(
    {
        "zapi_instance_up",
        "zapi_instance_polls_total",
        "zapi_instance_poll_failures_total",
        "zapi_instance_disconnects_total",
        "zapi_instance_last_poll_timestamp_seconds",
        "zapi_instance_last_poll_duration_seconds",
    }
)


def complaints(
    promise: Promise, seen: Seen, healthy: Seen, lines: Sequence[LogLine], *, polls: int
) -> Iterator[str]:
    """Everything that differs, after at least so many polls; ``healthy`` is an instance without a fault."""
    yield from of_outcome(promise, seen, polls)
    yield from of_series(promise, seen, healthy)
    yield from of_log(promise, lines)


def of_outcome(promise: Promise, seen: Seen, at_least: int) -> Iterator[str]:
    """What differs in how the polls ended, after ``at_least`` of them."""
    if seen.outcome != promise.outcome:
        yield f"the outcome is {seen.outcome}"
    if seen.polls < at_least:
        yield f"there were {seen.polls} polls, not {at_least}"


def of_series(promise: Promise, seen: Seen, healthy: Seen) -> Iterator[str]:
    """What differs in the series: what could not be read has none, and everything else is there."""
    expected = (healthy.series - promise.absent) | promise.present
    if promise.reason is not None:
        expected = _ALWAYS | {f'zapi_instance_poll_failure{{reason="{promise.outcome}"}}'}
    yield from (f"{series} is missing" for series in sorted(expected - seen.series))
    yield from (f"{series} is there" for series in sorted(seen.series - expected))
    yield from (f"{series} is no number" for series in seen.not_finite)


def of_log(promise: Promise, lines: Sequence[LogLine]) -> Iterator[str]:
    """What differs in the log: a failure is told once, with a reason and words, however many polls fail."""
    yield from of_repetition(lines)
    failures = [line for line in lines if line["msg"] == "polls are failing"]
    if promise.reason is None:
        yield from (f"a failure was logged: {line['reason']}" for line in failures)
    elif not failures:
        yield "no failure was logged"
    for line in failures:
        if line["level"] != "warning" or not line.get("detail") or line["reason"] != promise.outcome:
            yield f"the log line is of no help: {line}"


def of_repetition(lines: Sequence[LogLine]) -> Iterator[str]:
    """Messages of one instance that came more than once though its state changed only once."""
    told = Counter(line["msg"] for line in lines if line["level"] != "debug")
    yield from (f"{message!r} was logged {count} times" for message, count in told.items() if count > 1)


def longest_poll(lines: Sequence[LogLine]) -> float:
    """In seconds; 0 without a poll."""
    durations = (float(line["duration"].removesuffix("s")) for line in lines if line["msg"] == "polled")
    return max(durations, default=0.0)


def tells(lines: Sequence[LogLine], words: str) -> bool:
    """Whether a failure was logged with these words."""
    return not words or any(words in line.get("detail", "") for line in lines)
