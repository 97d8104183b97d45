"""Which failures are told once for many instances."""

import pytest

from exporter.fleet.store import InstanceView
from exporter.model.poll_result import Failure, Reason
from exporter.web.status_page.diagnosis import Level, diagnose
from exporter.web.status_page.query import Query, Show
from exporter.web.status_page.selection import is_told_by, list_instances, shared_causes
from tests.builders import a_status
from tests.unit.web.status_page.fleets import NOW, a_failed_view, a_view


def causes(views: list[InstanceView]) -> list[tuple[Reason, int, Level]]:
    found = shared_causes([diagnose(view, NOW) for view in views])
    return [(cause.failure.reason, cause.count, cause.level) for cause in found]


def failing(reason: Reason, count: int, **fields: object) -> list[InstanceView]:
    return [a_failed_view(f"{reason.value}-{number}", reason, **fields) for number in range(count)]


@pytest.mark.parametrize("reason", list(Reason))
def test_what_is_wrong_with_an_instance_itself_is_no_cause_of_many(reason: Reason) -> None:
    of_an_instance = reason in (Reason.NOT_FOUND, Reason.WRONG_INSTANCE, Reason.SUBSCRIPTION_ENDED)
    assert bool(causes(failing(reason, 5))) is not of_an_instance


def test_two_are_not_many_and_a_few_among_hundreds_are_chance() -> None:
    assert causes(failing(Reason.CONNECT, 2)) == []
    fine = [a_view(f"fine-{number}") for number in range(100)]
    assert causes(failing(Reason.TIMEOUT, 5) + fine) == []
    assert causes(failing(Reason.TIMEOUT, 12) + fine) == [(Reason.TIMEOUT, 12, Level.BAD)]


def test_a_refused_account_counts_however_large_the_fleet_is() -> None:
    fine = [a_view(f"fine-{number}") for number in range(100)]
    for reason in (Reason.UNAUTHORIZED, Reason.IP_NOT_ALLOWED):
        few = failing(Reason.TIMEOUT, 5)
        assert causes(failing(reason, 3) + few + fine) == [(reason, 3, Level.BAD)]


def test_the_most_frequent_cause_comes_first_with_its_most_usual_detail() -> None:
    views = failing(Reason.TLS, 3) + failing(Reason.CONNECT, 5)
    views += failing(Reason.CONNECT, 1, failure=Failure(Reason.CONNECT, "another detail"))
    first, second = shared_causes([diagnose(view, NOW) for view in views])
    assert (first.failure.reason, first.count, second.failure.reason) == (Reason.CONNECT, 6, Reason.TLS)
    assert first.failure.detail == "the connection was refused"


def test_a_cause_is_as_bad_as_the_worst_instance_it_concerns() -> None:
    known = failing(Reason.SERVER_ERROR, 4, status=a_status())
    assert causes(known) == [(Reason.SERVER_ERROR, 4, Level.WARNING)]
    assert causes([*known, *failing(Reason.SERVER_ERROR, 1)]) == [(Reason.SERVER_ERROR, 5, Level.BAD)]


def test_an_instance_with_another_problem_is_told_by_no_cause() -> None:
    others = a_failed_view("overdue", Reason.CONNECT, paid=False), a_failed_view("gone", Reason.NOT_FOUND)
    views = [*failing(Reason.CONNECT, 4), *others, a_view("fine")]
    diagnoses = [diagnose(view, NOW) for view in views]
    shared = shared_causes(diagnoses)
    assert [is_told_by(shared, one) for one in diagnoses] == [True] * 4 + [False] * 3


def test_rows_are_folded_unless_they_are_asked_for() -> None:
    diagnoses = [diagnose(view, NOW) for view in [*failing(Reason.CONNECT, 60), a_view("fine")]]
    for query, rows in (
        (Query(), 1),
        (Query(Show.PROBLEMS), 0),
        (Query(Show.UNREACHABLE), 60),
        (Query(search="connect-1"), 11),
    ):
        listing = list_instances(diagnoses, query)
        assert (listing.rows, listing.matching) == (rows, rows + listing.folded)
        assert bool(listing.folded) is (query.show is not Show.UNREACHABLE and not query.search)
