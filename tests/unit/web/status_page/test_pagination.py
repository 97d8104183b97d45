import random

from exporter.fleet.store import InstanceView
from exporter.model.poll_result import Reason
from exporter.web.status_page.diagnosis import Level, diagnose
from exporter.web.status_page.pagination import PAGE_SIZE, Listing, list_instances
from exporter.web.status_page.query import Query, Show
from tests.builders import a_status, an_instance
from tests.unit.web.status_page.fleets import DAY, NOW, a_disconnected_view, a_failed_view, a_view, hooks


def listing(views: list[InstanceView], query: Query | None = None) -> Listing:
    return list_instances([diagnose(view, NOW) for view in views], query or Query())


def names(shown: Listing) -> list[str]:
    return [diagnosis.view.instance.name for diagnosis in shown.diagnoses]


def due(name: str, days: float) -> InstanceView:
    return a_view(name, status=a_status(due=NOW + days * DAY, webhooks=hooks()))


def one_of_each() -> list[InstanceView]:
    return [
        a_disconnected_view("disconnected"),
        due("expired", -1),
        a_failed_view("unreachable", Reason.CONNECT),
        a_view(instance=an_instance("webhook", expected_webhooks={"received": None}), status=a_status()),
        a_view("unpaid", paid=False, payment_status="overdue"),
        due("expiring", 3),
        InstanceView(an_instance("waiting")),
        a_view("fine"),
    ]


def test_the_worst_comes_first_whatever_the_order_of_the_configuration() -> None:
    views = one_of_each()
    expected = [view.instance.name for view in views]
    for seed in range(10):
        random.Random(seed).shuffle(views)
        assert names(listing(views)) == expected


def test_of_the_same_problem_more_problems_then_the_nearest_end_come_first() -> None:
    views = [
        due("later", 5),
        due("sooner", 2),
        a_disconnected_view("one"),
        a_disconnected_view("two", paid=False),
    ]

    assert names(listing(views)) == ["two", "one", "sooner", "later"]


def test_names_are_ordered_as_people_count() -> None:
    assert names(listing([a_view("loja-10"), a_view("Loja-2"), a_view("loja-1")])) == [
        "loja-1",
        "Loja-2",
        "loja-10",
    ]


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


def test_under_a_search_the_counts_are_of_what_was_found_and_the_headline_of_all() -> None:
    found = listing(one_of_each(), Query(search="un"))

    assert names(found) == ["unreachable", "unpaid"]
    assert (found.counts[Show.ALL], found.counts[Show.UNPAID], found.counts[Show.EXPIRING]) == (2, 1, 0)
    assert (found.total, found.in_trouble) == (8, 6)


def test_all_words_of_a_search_must_be_found() -> None:
    views = [a_view("recife norte"), a_view("recife sul")]

    assert names(listing(views, Query(search="RECIFE sul"))) == ["recife sul"]
    assert listing(views, Query(search="recife leste")).matching == 0


def test_every_instance_is_on_exactly_one_page() -> None:
    views = [a_view(f"loja-{number}") for number in range(2 * PAGE_SIZE + 1)]
    pages = [listing(views, Query(page=page)) for page in (1, 2, 3)]

    assert [page.first for page in pages] == [1, PAGE_SIZE + 1, 2 * PAGE_SIZE + 1]
    assert [name for page in pages for name in names(page)] == [view.instance.name for view in views]


def test_a_page_past_the_last_is_the_last() -> None:
    assert listing([a_view()], Query(page=99)).page == 1
    assert listing([], Query(page=99)).first == 0


def test_the_fleet_is_as_well_as_its_worst_instance() -> None:
    views = one_of_each()

    assert listing(views).level is Level.BAD
    assert listing(views[3:]).level is Level.WARNING
    assert listing(views[6:]).level is Level.WAITING
    assert listing(views[7:]).level is listing([]).level is Level.GOOD
