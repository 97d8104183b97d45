from urllib.parse import parse_qsl

import pytest

from exporter.web.status_page.query import Query, Show, Sort, label_search, read_query


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(Show.UNPAID, page=2),
        Query(Show.WEBHOOKS, "são paulo & co", 7, paused=True),
        Query(search='"team=inside sales" x'),
        Query(labels=(("team", "inside sales & co"), ("zone", "1")), by="team"),
        Query(Show.PROBLEMS, sort=Sort.DUE),
        Query(sort=Sort.NAME, descending=True),
        Query(sort=Sort.WORST, descending=True),
    ],
)
def test_a_query_survives_its_own_link(query: Query) -> None:
    parameters = dict(parse_qsl(query.link().partition("?")[2]))
    assert read_query(parameters) == query


@pytest.mark.parametrize(
    "parameter",
    [
        *("show=x", "page=x", "page=0", "page=-1", "page=٣", f"page={10**99}", "paused=yes"),
        *("x=", "a-b=x", "équipe=x", "sort=x", "sort=-", "by=a-b"),
    ],
)
def test_what_makes_no_sense_is_left_at_its_default(parameter: str) -> None:
    assert read_query(dict([parameter.split("=")])) == Query()


def test_a_search_holds_no_hidden_characters_and_has_an_end() -> None:
    assert read_query({"q": " a\n\u202eb\0 " + "x" * 999}).search == "a b " + "x" * 193
    labels = read_query({f"label_{number}": " x\t" for number in range(99)}).labels
    assert labels == tuple((f"label_{number}", "x") for number in range(5))


def test_what_changes_the_rows_starts_on_the_first_page() -> None:
    query = Query(page=9, paused=True)
    assert query.shown(Show.UNPAID) == Query(Show.UNPAID, paused=True)
    assert query.searched("x") == Query(search="x", paused=True)
    assert query.sorted(Sort.DUE) == Query(sort=Sort.DUE, paused=True)
    assert query.grouped("team") == Query(by="team", paused=True)
    assert query.on_page(2) == Query(page=2, paused=True)
    assert query.with_paused(False) == Query(page=9)


def test_a_query_narrows_where_it_leaves_instances_out() -> None:
    narrow = (Query(Show.UNPAID), Query(search="x"), Query(labels=(("team", "sales"),)))
    assert [query.narrows for query in narrow] == [True, True, True]
    assert not Query(page=2, paused=True, sort=Sort.DUE, descending=True, by="team").narrows


def test_a_column_that_is_chosen_again_turns_round() -> None:
    once = Query().sorted(Sort.DUE)
    assert once == Query(sort=Sort.DUE)
    assert once.sorted(Sort.DUE) == Query(sort=Sort.DUE, descending=True)
    assert once.sorted(Sort.DUE).sorted(Sort.DUE) == once
    assert once.sorted(Sort.NAME) == Query(sort=Sort.NAME)


def test_a_label_can_be_asked_for_once_and_left_out_again() -> None:
    query = Query(page=3).labelled("team", "sales").labelled("team", "support")
    assert query == Query(labels=(("team", "support"),))
    assert query.labelled("team", None) == Query()


@pytest.mark.parametrize(
    ("search", "terms"),
    [
        ('Recife "Inside Sales"  x"', ("recife", "inside sales", 'x"')),
        (label_search("page", "inside sales\0"), ("page=inside sales␀",)),
        (label_search("page", 'the "inside" sales'), ("page=the ", "inside", " sales")),
    ],
)
def test_words_are_apart_and_quoted_words_together(search: str, terms: tuple[str, ...]) -> None:
    assert Query(search=search).terms() == terms


def test_the_search_for_a_label_shows_what_is_hidden() -> None:
    assert label_search("pa\0ge", 'a"b') == 'pa␀ge=a"b'
