"""How the pages of a list become one: whatever happens to it while it is read."""

import itertools
from collections.abc import Callable, Sequence

import pytest

from exporter.model.account_list import ListedInstance, ListPage
from exporter.model.poll_result import Failure, Reason
from exporter.model.secret import Secret
from exporter.zapi.instance_list import PASSES, ListingReader, read_listing
from tests.builders import a_failure


def items(*ids: object) -> tuple[ListedInstance, ...]:
    return tuple(ListedInstance(f"{one}", Secret("TOKEN"), f"name-{one}") for one in ids)


class Pages:
    """Serves pages of ten from a list that ``change`` changes once the first of them was read."""

    def __init__(
        self, ids: Sequence[object], change: Callable[[list[object]], object] = lambda ids: None
    ) -> None:
        self.ids, self._change = list(ids), change
        self.asked: list[int] = []

    def __call__(self, number: int) -> ListPage | Failure:
        if len(self.asked) == 1:
            self._change(self.ids)
        self.asked.append(number)
        shown = self.ids[(number - 1) * 10 : number * 10]
        return ListPage(len(self.ids), -(-len(self.ids) // 10), items(*shown))


def ids(read: object) -> list[str]:
    assert isinstance(read, tuple), read
    return [instance.id for instance in read]


def failure(read: object) -> Failure:
    assert isinstance(read, Failure)
    return read


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 31])
def test_all_pages_are_read_once(count: int) -> None:
    pages = Pages(range(count))
    assert ids(read_listing(pages)) == [str(number) for number in range(count)]
    assert pages.asked == list(range(1, max(1, -(-count // 10)) + 1))


@pytest.mark.parametrize(
    "past", [ListPage(2, 5, ()), a_failure(Reason.BAD_STATUS), a_failure(Reason.SERVER_ERROR)]
)
def test_a_page_past_the_end_may_be_empty_or_an_error(past: ListPage | Failure) -> None:
    asked: list[int] = []

    def ask(number: int) -> ListPage | Failure:
        asked.append(number)
        return ListPage(2, 5, items(1, 2)) if number == 1 else past

    assert ids(read_listing(ask)) == ["1", "2"]
    assert asked == [1, 2]


def test_a_total_that_is_too_small_does_not_hide_the_pages_after_it() -> None:
    served = {1: items(1, 2), 2: items(3)}
    read = failure(read_listing(lambda number: ListPage(2, 2, served[number])))
    assert read.detail == "the list is not complete: it has 3 instances and says 2"


@pytest.mark.parametrize("pages", [None, 0])
def test_pages_are_read_on_where_nothing_says_which_is_the_last(pages: int | None) -> None:
    served = {1: items(1, 2), 2: items(3)}
    assert ids(read_listing(lambda number: ListPage(3, pages, served.get(number, ())))) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("change", "expected", "asked"),
    [
        (lambda ids: ids.remove(0), [*range(1, 25)], [1, 2, 1, 2, 3]),
        (lambda ids: ids.insert(0, "new"), ["new", *range(25)], [1, 2, 1, 2, 3]),
        # one made and one deleted at once: the total stays, but one comes twice and another not at all
        (lambda ids: ids.insert(0, ids.pop()), [24, *range(24)], [1, 2, 3, 1, 2, 3]),
    ],
)
def test_a_change_while_pages_are_read_makes_them_be_read_again(
    change: Callable[[list[object]], object], expected: list[object], asked: list[int]
) -> None:
    pages = Pages(range(25), change=change)
    assert ids(read_listing(pages)) == [str(one) for one in expected]
    assert pages.asked == asked


@pytest.mark.parametrize("last", [2, 3])
def test_a_page_that_has_ceased_to_exist_makes_them_be_read_again(last: int) -> None:
    healthy = Pages(range(25))
    calls: list[int] = []

    def ask(number: int) -> ListPage | Failure:
        calls.append(number)
        return a_failure(Reason.NOT_FOUND) if len(calls) == last else healthy(number)

    assert len(ids(read_listing(ask))) == 25


def test_the_same_id_in_two_cases_is_one_instance() -> None:
    read = read_listing(lambda number: ListPage(2, 1, items("ab", "AB")))
    assert "1 instances and says 2" in failure(read).detail


@pytest.mark.parametrize(("total", "shown"), [(3, (1, 2)), (31, ()), (2, (1, 2, 3)), (0, (1,))])
def test_a_list_that_is_not_as_long_as_it_says_is_no_list(total: int, shown: tuple[int, ...]) -> None:
    asked: list[int] = []

    def ask(number: int) -> ListPage:
        asked.append(number)
        return ListPage(total, 1, items(*shown))

    read = failure(read_listing(ask))
    assert read.reason is Reason.INVALID_RESPONSE
    assert read.detail == f"the list is not complete: it has {len(shown)} instances and says {total}"
    assert asked == [1] * PASSES


def test_pages_that_are_all_the_same_come_to_an_end() -> None:
    asked: list[int] = []

    def ask(number: int) -> ListPage:
        asked.append(number)
        return ListPage(100_000, 50_000, items(1, 2))

    assert failure(read_listing(ask)).reason is Reason.INVALID_RESPONSE
    assert len(asked) == 3 * PASSES


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        *itertools.product((1, 2, 3), (Reason.UNAUTHORIZED, Reason.RATE_LIMITED, Reason.SERVER_ERROR)),
        *((1, Reason.NOT_FOUND), (1, Reason.BAD_STATUS)),
    ],
)
def test_the_failure_of_a_page_is_that_of_the_list(number: int, reason: Reason) -> None:
    failed, healthy = a_failure(reason, retry_after=7.0), Pages(range(25))
    read = read_listing(lambda page: failed if page == number else healthy(page))
    assert read is failed
    assert healthy.asked == list(range(1, number))


def test_a_reading_goes_on_at_the_page_that_failed() -> None:
    """Else a list with more pages than a limit of the rate allows would never be read."""
    pages, reader, requests = Pages(range(61)), ListingReader(), itertools.count(1)

    def stumble(number: int) -> ListPage | Failure:
        return a_failure(Reason.RATE_LIMITED) if next(requests) % 3 == 0 else pages(number)

    reads = [reader.read(stumble) for _ in range(4)]
    assert [failure(read).reason for read in reads[:-1]] == [Reason.RATE_LIMITED] * 3
    assert ids(reads[-1]) == [str(number) for number in range(61)]
    assert pages.asked == list(range(1, 8))


def test_a_reading_that_cannot_go_on_begins_anew() -> None:
    """The page that failed may have ceased to exist."""
    pages, reader = Pages(range(31)), ListingReader()

    def refuse_third(number: int) -> ListPage | Failure:
        return pages(number) if number < 3 else a_failure(Reason.SERVER_ERROR)

    for _ in range(2):
        assert failure(reader.read(refuse_third)).reason is Reason.SERVER_ERROR
    assert pages.asked == [1, 2]
    pages.ids = list(range(15))
    assert len(ids(reader.read(refuse_third))) == 15


def test_a_list_that_changed_between_two_readings_is_read_anew() -> None:
    pages, reader = Pages(range(31)), ListingReader()
    failure(reader.read(lambda number: pages(number) if number < 3 else a_failure(Reason.RATE_LIMITED)))
    pages.ids = list(range(30))
    assert ids(reader.read(pages)) == [str(number) for number in range(30)]
    assert pages.asked == [1, 2, 3, 1, 2, 3]
