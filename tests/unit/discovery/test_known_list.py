"""Nothing vanishes from an account's list by mistake."""

import pytest

from exporter.discovery.known_list import KnownList
from exporter.model.account_list import ListedInstance
from exporter.model.poll_result import Reason
from exporter.model.secret import Secret
from tests.builders import a_failure


def item(one: str, token: str | None = "TOKEN", name: str = "") -> ListedInstance:
    return ListedInstance(one, None if token is None else Secret(token), name or f"name-{one}")


A, B, C = item("A"), item("B"), item("C")


def after(known: KnownList, *readings: tuple[ListedInstance, ...]) -> KnownList:
    for reading in readings:
        known = known.after(reading, 100.0)
    return known


def ids(known: KnownList) -> list[str]:
    return [instance.id for instance in known.instances]


def test_a_complete_list_is_taken() -> None:
    known = KnownList().after((A, B), 100.0)
    assert known == KnownList((A, B), frozenset(), 100.0, None, is_read=True)
    assert known.after((A, B), 200.0).instances is known.instances


def test_a_failure_keeps_the_last_good_list() -> None:
    failed = after(KnownList(), (A, B)).after(a_failure(Reason.TIMEOUT), 200.0)
    assert (failed.instances, failed.last_success, failed.failure) == ((A, B), 100.0, a_failure())
    assert after(failed, (A, B)).failure is None
    assert KnownList().after(a_failure(), 200.0) == KnownList(failure=a_failure(), is_read=True)


@pytest.mark.parametrize(
    ("readings", "left"),
    [
        ([(A, B), (A,)], "AB"),
        ([(A, B), (A,), (A,)], "A"),
        ([(A, B), (A,), (A, B), (A,)], "AB"),
        ([(A, B), (A, C)], "ACB"),
        ([(A, B), (A, C), (A, C)], "AC"),
        ([(A, B), (A,), (B,)], "BA"),
        ([(), (), (A,)], "A"),
    ],
)
def test_two_lists_in_a_row_remove_an_instance(readings: list[tuple[ListedInstance, ...]], left: str) -> None:
    known = after(KnownList(), *readings)
    assert (ids(known), known.failure) == ([*left], None)


def test_a_failure_between_two_lists_does_not_confirm_a_removal() -> None:
    once = after(KnownList(), (A, B), (A,)).after(a_failure(), 200.0)
    assert ids(once) == ["A", "B"]
    assert ids(after(once, (A,))) == ["A"]


def test_an_empty_list_after_one_that_was_not_is_a_failure_for_ever() -> None:
    known = after(KnownList((A, B)), (), (), ())
    assert (ids(known), known.is_read) == (["A", "B"], True)
    assert known.failure is not None
    assert known.failure.detail == "the list is empty, and had 2 instances before"


def test_a_token_that_vanishes_is_kept_until_a_second_list_lacks_it() -> None:
    once = after(KnownList(), (A, B), (A, item("B", None, "renamed")))
    assert [(one.token, one.name) for one in once.instances][1] == (Secret("TOKEN"), "renamed")
    assert after(once, (A, item("B", None))).instances == (A, item("B", None))
    assert after(once, (A, item("B", "NEW"))).instances == (A, item("B", "NEW"))
    assert ids(after(once, (A,))) == ["A"]
