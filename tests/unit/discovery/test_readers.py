"""When the list of an account is read, what becomes of each reading, and what is logged of it."""

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from exporter.discovery.cache import ListCache
from exporter.discovery.known_list import KnownList
from exporter.discovery.merge import Merger
from exporter.discovery.readers import AccountReader, Discovery
from exporter.model.account_list import ListedInstance, ListPage
from exporter.model.poll_result import Failure, Reason
from exporter.model.secret import Secret
from exporter.model.settings import Account
from exporter.poller.schedule import Backoff
from harness.waiting import wait_until
from tests.builders import a_config, a_failure
from tests.clocks import ManualClock
from tests.threads import threads_only

ACCOUNT = Account("matriz", Secret("PARTNER"), refresh=60.0)
ITEM, BARE = ListedInstance("A", Secret("TOKEN"), "vendas"), ListedInstance("B", None, "suporte")
GOOD, FAILED = ListPage(1, 1, (ITEM,)), a_failure(Reason.SERVER_ERROR)
FIRST_OF_TWO = ListPage(2, 2, (ITEM,))
REFUSED = a_failure(Reason.UNAUTHORIZED)


class Skipping(threading.Condition):
    """To wait moves the clock by as much, and takes no time."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._clock.advance(timeout)
        return False


class Unvaried(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return a


class Stored(ListCache):
    """A cache that holds ``first``, and to which ``lists`` are given."""

    def __init__(self, first: KnownList | None = None) -> None:
        super().__init__()
        self.first, self.lists = first, list[KnownList]()

    def load(self, account: str) -> KnownList | None:
        assert account == ACCOUNT.name
        return self.first

    def store(self, account: str, known: KnownList) -> None:
        assert account == ACCOUNT.name
        self.lists.append(known)


class Reading:
    """A reader that is given one answer after the other, and stops when it asks for more.

    ``asked`` tells when it asked for which page; ``then`` is what happens after each reading, by its number.
    """

    def __init__(
        self,
        *answers: "ListPage | Failure | Exception | Callable[[Reading], ListPage | Failure]",
        account: Account = ACCOUNT,
        first: KnownList | None = None,
        then: "dict[int, Callable[[Reading], None]] | None" = None,
    ) -> None:
        self.clock, self.cache, self.asked = ManualClock(0.0), Stored(first), list[tuple[float, int]]()
        self.changes, self._then, self._answers, self._is_over = 0, then or {}, iter(answers), False
        self.reader = AccountReader(
            account, self.ask, self._changed, clock=self.clock, backoff=Backoff(Unvaried()), cache=self.cache
        )
        self.reader._condition = Skipping(self.clock)
        self.reader.start()
        assert self.reader._thread is not None
        self.reader._thread.join(60.0)

    @property
    def times(self) -> list[float]:
        return [moment for moment, _ in self.asked]

    def ask(self, account: Account, page: int) -> ListPage | Failure:
        answer = next(self._answers, None)
        if answer is None:
            if self._is_over:
                raise SystemExit  # ends a thread that does not stop
            self._is_over = True
            self.reader.stop()
            return FAILED
        self.asked.append((self.clock.monotonic(), page))
        if isinstance(answer, Exception):
            raise answer
        return answer(self) if callable(answer) else answer

    def _changed(self) -> None:
        self.changes += 1
        if self.changes in self._then:
            self._then[self.changes](self)


@pytest.mark.parametrize(
    ("refresh", "answers", "times"),
    [
        (60.0, [GOOD, GOOD, GOOD], [0, 60, 120]),
        (60.0, [FAILED] * 5, [0, 15, 45, 105, 165]),
        (10.0, [FAILED] * 3, [0, 10, 20]),
        (60.0, [FAILED, FAILED, GOOD, FAILED, GOOD], [0, 15, 45, 105, 120]),
        (60.0, [REFUSED, GOOD], [0, 60]),
        (600.0, [REFUSED, GOOD, GOOD], [0, 300, 900]),
        (60.0, [a_failure(Reason.RATE_LIMITED, 200.0), GOOD], [0, 200]),
        (60.0, [a_failure(Reason.RATE_LIMITED, 1.0), GOOD], [0, 15]),
        (60.0, [ValueError("canary"), GOOD, GOOD], [0, 15, 75]),
    ],
)
def test_a_list_is_read_again_after_refresh_or_sooner_after_a_failure(
    refresh: float, answers: list[ListPage | Failure | Exception], times: list[float]
) -> None:
    assert Reading(*answers, account=replace(ACCOUNT, refresh=refresh)).times == times


def test_a_reading_goes_on_at_the_page_that_failed() -> None:
    assert Reading(FIRST_OF_TWO, FAILED, GOOD).asked == [(0, 1), (0, 2), (15, 2)]


def settings(at_once: bool = False, **fields: Any) -> "dict[int, Callable[[Reading], None]]":
    """Give the reader other settings after its first reading, 5 s later."""

    def apply(reading: Reading) -> None:
        reading.clock.advance(5.0)
        reading.reader.replace(replace(ACCOUNT, **fields), reading.ask, at_once=at_once)

    return {1: apply}


@pytest.mark.parametrize(
    ("first", "then", "times"),
    [
        (GOOD, settings(), [0, 60]),
        (GOOD, settings(at_once=True), [0, 5]),
        (GOOD, settings(partner_token=Secret("OTHER")), [0, 5]),
        (GOOD, settings(refresh=20.0), [0, 25]),
        (GOOD, settings(refresh=58.0), [0, 60]),
        (GOOD, settings(refresh=600.0), [0, 60]),
        (a_failure(Reason.RATE_LIMITED, 200.0), settings(labels={"team": "x"}), [0, 200]),
        (a_failure(Reason.RATE_LIMITED, 200.0), settings(refresh=20.0), [0, 25]),
    ],
)
def test_new_settings_apply_to_the_next_reading(
    first: ListPage | Failure, then: "dict[int, Callable[[Reading], None]]", times: list[float]
) -> None:
    assert Reading(first, GOOD, then=then).times == times


@pytest.mark.parametrize(
    ("then", "page"),
    [(settings(), 2), (settings(at_once=True), 1), (settings(page_size=7), 1)],
)
def test_new_settings_begin_at_page_one(then: "dict[int, Callable[[Reading], None]]", page: int) -> None:
    assert [asked for _, asked in Reading(FIRST_OF_TWO, FAILED, GOOD, then=then).asked] == [1, 2, page]


def test_settings_that_come_within_a_reading_apply_to_the_next_one() -> None:
    def interrupted(reading: Reading) -> ListPage:
        reading.clock.advance(7.0)
        reading.reader.replace(replace(ACCOUNT, partner_token=Secret("OTHER")), reading.ask, at_once=False)
        return GOOD

    assert Reading(interrupted, GOOD, GOOD).times == [0, 7, 67]


def test_a_reading_that_takes_too_long_goes_on_later() -> None:
    def slow(reading: Reading) -> ListPage:
        reading.clock.advance(150.5 if reading.clock.monotonic() else 150.0)
        return ListPage(9, 9, (ListedInstance(f"{len(reading.asked)}", Secret("TOKEN"), ""),))

    reading = Reading(slow, slow, FAILED)
    assert reading.asked == [(0, 1), (150, 2), (315.5, 3)]
    assert reading.changes == 2


@pytest.mark.parametrize("first", [None, KnownList((ITEM, BARE), last_success=7.0)])
def test_what_was_read_is_known_told_and_kept(first: KnownList | None) -> None:
    seen: list[KnownList] = []
    look = {number: lambda reading: seen.append(reading.reader.known) for number in (1, 2, 3)}
    reading = Reading(FAILED, GOOD, ValueError("canary"), first=first, then=look)
    failed, good, broken = seen
    unexpected = Failure(Reason.INVALID_RESPONSE, "an unexpected error of the exporter itself")
    assert failed == replace(first or KnownList(), failure=FAILED, is_read=True)
    assert (good.last_success, good.failure, good.is_read) == (1_700_000_015.0, None, True)
    assert broken == replace(good, failure=unexpected)
    assert reading.cache.lists == [good]
    assert reading.changes == 3


def test_a_reading_that_was_stopped_is_not_taken() -> None:
    def stop(reading: Reading) -> ListPage:
        reading.reader.stop()
        return FIRST_OF_TWO

    reading = Reading(stop, GOOD)
    assert reading.asked == [(0, 1)]
    assert (reading.reader.known, reading.changes, reading.cache.lists) == (KnownList(), 0, [])


def test_what_others_make_of_a_list_does_not_stop_its_reading(caplog: pytest.LogCaptureFixture) -> None:
    def fail(reading: Reading) -> None:
        raise ValueError("canary")

    reading = Reading(GOOD, GOOD, then={1: fail})
    assert reading.times == [0, 60]
    assert len(reading.cache.lists) == 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]


READ = ("INFO", {"account": "matriz", "instances": 1})
TOLD = ("ERROR", {"account": "matriz", "reason": "server_error", "detail": "a phrase"})
OTHER = replace(FAILED, detail="other words")
TOLD_OTHER = ("ERROR", {"account": "matriz", "reason": "server_error", "detail": "other words"})
SKIPS = ("WARNING", {"account": "matriz", "skipped": 1})


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        ([GOOD, GOOD, GOOD], [READ]),
        ([FAILED, FAILED, OTHER, GOOD, GOOD, FAILED], [TOLD, TOLD_OTHER, READ, TOLD]),
        ([ListPage(2, 1, (ITEM, BARE))] * 2, [("INFO", {"account": "matriz", "instances": 2}), SKIPS]),
        ([GOOD, ListPage(2, 1, (ITEM, BARE)), FAILED], [READ, SKIPS, TOLD]),
        ([ListPage(0, 0, ())], [("INFO", {"account": "matriz", "instances": 0})]),
    ],
)
def test_what_changed_is_logged_once(
    answers: list[ListPage | Failure], lines: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    Reading(*answers)
    keys = ("account", "instances", "reason", "detail", "skipped")
    logged = [
        (record.levelname, {k: vars(record)[k] for k in keys if k in vars(record)})
        for record in caplog.records
    ]
    assert logged == lines
    assert all("list" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([FAILED], "none of its instances is polled until it can be read"),
        ([GOOD, FAILED], "its known instances are kept"),
    ],
)
def test_a_failure_says_what_becomes_of_the_instances(
    answers: list[ListPage | Failure], kept: str, caplog: pytest.LogCaptureFixture
) -> None:
    Reading(*answers)
    assert [record.getMessage() for record in caplog.records] == [
        f"the list of an account cannot be read; {kept}"
    ]


class Asked:
    """Answers each request for a page of a list, and counts them by the name of the account."""

    def __init__(self, page: ListPage | Failure = GOOD) -> None:
        self.page, self.counts = page, Counter[str]()

    def __call__(self, account: Account, page: int) -> ListPage | Failure:
        self.counts[account.name] += 1
        return self.page


def discovery(ask: Asked, *accounts: Account, cache: ListCache | None = None) -> Discovery:
    nothing = Stored() if cache is None else cache
    return Discovery(accounts, ask, lambda: None, clock=ManualClock(), cache=nothing)


def is_tried(lists: Discovery) -> bool:
    """Return whether the configuration with these lists has each of them."""
    known = lists.lists()
    config = replace(a_config(), accounts=tuple(replace(ACCOUNT, name=name) for name in known))
    return all(source.is_tried for source in Merger().merge(config, known).sources)


def count_threads() -> int:
    return sum(thread.name == "account" for thread in threading.enumerate())


def test_the_lists_that_are_read_are_those_of_the_last_settings() -> None:
    first, second = Asked(), Asked()
    matriz, filial = ACCOUNT, replace(ACCOUNT, name="filial")
    several = discovery(first, matriz, cache=ListCache())
    assert (several.lists(), is_tried(several), count_threads()) == ({"matriz": KnownList()}, False, 0)
    several.start()
    wait_until(lambda: is_tried(several))
    known = several.lists()["matriz"]
    several.replace([filial, matriz], second, at_once=False)
    wait_until(lambda: is_tried(several))
    assert list(several.lists()) == ["filial", "matriz"]
    assert several.lists()["matriz"] is known
    assert (first.counts, second.counts, count_threads()) == ({"matriz": 1}, {"filial": 1}, 2)
    several.replace([matriz], second, at_once=True)
    wait_until(lambda: second.counts["matriz"] == 1)
    wait_until(lambda: count_threads() == 1)
    assert list(several.lists()) == ["matriz"]
    several.stop()
    wait_until(lambda: count_threads() == 0)


@pytest.mark.parametrize(
    ("page", "first", "tried"),
    [(None, None, False), (FAILED, None, True), (None, KnownList(last_success=7.0), True)],
)
def test_a_list_is_tried_that_was_read_or_failed_or_was_kept(
    page: Failure | None, first: KnownList | None, tried: bool
) -> None:
    one = discovery(Asked(page or GOOD), ACCOUNT, cache=Stored(first))
    if page is not None:
        one.start()
        wait_until(lambda: one.lists()["matriz"].is_read)
        one.stop()
    assert is_tried(one) is tried


def test_a_list_that_finds_no_thread_is_read_once_there_is_one(caplog: pytest.LogCaptureFixture) -> None:
    one = discovery(Asked(), ACCOUNT)
    with threads_only():
        with pytest.raises(RuntimeError):
            one.start()
        one.replace([ACCOUNT], Asked(), at_once=False)
    assert sum("thread limit" in record.getMessage() for record in caplog.records) == 1
    one.replace([ACCOUNT], Asked(), at_once=False)
    wait_until(lambda: is_tried(one))
    one.stop()
