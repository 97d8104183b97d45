import random
from dataclasses import replace
from typing import Any

import pytest

from exporter.fleet.store import InstanceView
from exporter.model.poll_result import Failure, Reason
from exporter.web.status_page.diagnosis import Level, diagnose
from exporter.web.status_page.query import Query, Show, Sort
from exporter.web.status_page.selection import (
    ROWS_PER_PAGE,
    Listing,
    is_told_by,
    list_instances,
    shared_causes,
)
from tests.builders import a_status, an_instance
from tests.unit.web.status_page.fleets import DAY, NOW, a_disconnected_view, a_failed_view, a_view, a_view_due


def listing(views: list[InstanceView], query: Query | None = None) -> Listing:
    return list_instances([diagnose(view, NOW) for view in views], query or Query())


def names(shown: Listing) -> list[str]:
    return [diagnosis.view.instance.name for diagnosis in shown.diagnoses]


def one_of_each() -> list[InstanceView]:
    return [
        a_disconnected_view("disconnected"),
        a_view_due(-1 * DAY, "expired"),
        a_failed_view("unreachable", Reason.CONNECT),
        a_view(instance=an_instance("webhook", expected_webhooks={"received": None}), status=a_status()),
        a_view("unpaid", paid=False, payment_status="overdue"),
        a_view_due(3 * DAY, "expiring"),
        InstanceView(an_instance("waiting")),
        a_view("fine"),
    ]


def test_the_worst_comes_first_whatever_the_order_of_the_configuration() -> None:
    views = one_of_each()
    expected = [view.instance.name for view in views]
    for seed in range(10):
        random.Random(seed).shuffle(views)
        assert names(listing(views)) == expected


def test_order_is_alerts_warnings_more_problems_nearest_end() -> None:
    views = [
        a_failed_view("no end", Reason.TIMEOUT, status=a_status()),
        a_failed_view("some end", Reason.TIMEOUT, status=a_status(due=NOW + 9 * DAY)),
        a_view_due(0.5 * DAY, "imminent"),
        a_view_due(5 * DAY, "later"),
        a_view_due(2 * DAY, "sooner"),
        a_disconnected_view("one"),
        a_disconnected_view("two", paid=False),
    ]
    assert names(listing(views)) == ["two", "one", "imminent", "some end", "no end", "sooner", "later"]


def test_names_are_ordered_as_people_count() -> None:
    ordered = ["loja-1", "Loja-2", "loja-10"]
    assert names(listing(list(map(a_view, reversed(ordered))))) == ordered


def test_every_filter_counts_what_it_shows() -> None:
    views = one_of_each()
    counts = listing(views).counts
    assert counts == {
        Show.ALL: 8,
        Show.PROBLEMS: 6,
        Show.DISCONNECTED: 1,
        Show.UNREACHABLE: 1,
        Show.EXPIRING: 2,
        Show.UNPAID: 1,
        Show.WEBHOOKS: 1,
        Show.CONNECTED: 5,
        Show.WAITING: 1,
    }
    for show in Show:
        assert listing(views, Query(show)).matching == counts[show]


def test_counts_are_of_what_was_found_and_the_headline_of_what_is_shown() -> None:
    found = listing(one_of_each(), Query(search="un"))
    assert names(found) == ["unreachable", "unpaid"]
    assert (found.counts[Show.ALL], found.counts[Show.UNPAID], found.counts[Show.EXPIRING]) == (2, 1, 0)
    assert (found.configured, found.matching, found.in_trouble, found.level) == (8, 2, 2, Level.BAD)
    connected = listing(one_of_each(), Query(Show.CONNECTED))
    assert (connected.matching, connected.in_trouble) == (5, 4)
    fine = listing(one_of_each(), Query(search="fine"))
    assert (fine.matching, fine.in_trouble, fine.level) == (1, 0, Level.GOOD)


def in_teams() -> list[InstanceView]:
    """Four, each with a store of its own: ``zone`` and ``team`` are of some, the others of all."""
    labels = {
        "a": {"team": "sales", "floor": "1", "zone": "x"},
        "b": {"team": "Inside Sales", "floor": "2", "zone": "x"},
        "c": {"team": "sales", "floor": "1"},
        "d": {"floor": "2"},
    }
    return [
        a_view(instance=an_instance(name, labels={"environment": "production", "store": name, **own}))
        for name, own in labels.items()
    ]


def test_a_label_in_the_query_leaves_those_with_exactly_its_value() -> None:
    found = listing(in_teams(), Query(labels=(("team", "SALES"),)))
    assert names(found) == ["a", "c"]
    assert (found.matching, found.counts[Show.ALL], found.configured) == (2, 2, 4)
    unknown = listing(in_teams(), Query(labels=(("utm_source", "mail"),)))
    assert (unknown.matching, unknown.asked) == (4, ()), "it is no label of any instance"
    for query in (Query(labels=(("team", "nobody"),)), Query(search="nobody")):
        nothing = listing(in_teams(), query)
        assert (nothing.matching, nothing.level) == (0, Level.WAITING), "it is no good news"


def test_labels_that_all_have_and_those_to_group_by_are_told_apart() -> None:
    shown = listing(in_teams())
    assert shown.common == {("environment", "production")}
    assert shown.groupings == ("floor", "team", "zone")
    sales = listing(in_teams(), Query(labels=(("team", "sales"),)))
    assert sales.common == {("environment", "production"), ("team", "sales"), ("floor", "1")}
    assert sales.groupings == ()
    assert listing(in_teams()[:1]).common == frozenset()


def test_groups_stand_together_with_the_worst_first_in_each() -> None:
    views = in_teams()
    views[2] = replace(views[2], paid=False)
    shown = listing(views, Query(by="team"))
    assert names(shown) == ["b", "c", "a", "d"]
    assert shown.group_sizes == {"sales": 2, "Inside Sales": 1, None: 1}


@pytest.mark.parametrize(
    ("sort", "ascending", "descending"),
    [
        (Sort.NAME, "abc", "cba"),
        (Sort.DUE, "bca", "cba"),
        (Sort.PAYMENT, "cba", "bca"),
        (Sort.POLL, "cba", "bca"),
        (Sort.STATE, "cab", "acb"),
        (Sort.WORST, "cba", "abc"),
    ],
)
def test_rows_without_a_value_come_last_in_either_order(sort: Sort, ascending: str, descending: str) -> None:
    fields: dict[str, dict[str, Any]] = {
        "a": {"status": a_status(due=None), "payment_status": None, "last_poll": None, "since": NOW - 2},
        "b": {"status": a_status(due=NOW + 3 * DAY), "payment_status": "paid", "since": None},
        "c": {"payment_status": "overdue", "paid": False, "last_poll": NOW - 99, "since": NOW - 9},
    }
    fields["c"]["status"] = a_status(False, due=NOW + 9 * DAY)
    views = [a_view(name, **changes) for name, changes in fields.items()]
    assert "".join(names(listing(views, Query(sort=sort)))) == ascending
    assert "".join(names(listing(views, Query(sort=sort, descending=True)))) == descending


def test_all_words_of_a_search_must_be_found() -> None:
    views = [a_view("recife norte"), a_view("recife sul")]
    assert names(listing(views, Query(search="RECIFE sul"))) == ["recife sul"]
    assert listing(views, Query(search="recife leste")).matching == 0


def test_every_instance_is_on_exactly_one_page() -> None:
    views = [a_view(f"loja-{number}") for number in range(2 * ROWS_PER_PAGE + 1)]
    pages = [listing(views, Query(page=page)) for page in (1, 2, 3)]
    assert [page.first for page in pages] == [1, ROWS_PER_PAGE + 1, 2 * ROWS_PER_PAGE + 1]
    assert [name for page in pages for name in names(page)] == [view.instance.name for view in views]


def test_a_page_past_the_last_is_the_last() -> None:
    assert listing([a_view()], Query(page=99)).page == 1
    assert listing([], Query(page=99)).first == 0


def test_the_fleet_is_as_well_as_its_worst_instance() -> None:
    views = one_of_each()
    assert listing(views).level is Level.BAD
    assert listing(views[3:]).level is Level.BAD  # a webhook is missing
    assert listing(views[4:]).level is Level.WARNING
    assert listing(views[6:]).level is Level.WAITING
    assert listing(views[7:]).level is listing([]).level is Level.GOOD


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
