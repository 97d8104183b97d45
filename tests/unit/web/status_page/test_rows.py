from dataclasses import replace

import pytest

from exporter.fleet.store import InstanceView
from exporter.model.poll_result import Failure, Reason
from exporter.web.status_page.diagnosis import diagnose
from exporter.web.status_page.formatting import Moment, Piece, duration, moment
from exporter.web.status_page.query import Query
from exporter.web.status_page.rows import RowWriter
from tests.builders import a_status, an_instance
from tests.unit.web.status_page.fleets import (
    DAY,
    ENGLISH,
    NOW,
    PORTUGUESE,
    a_disconnected_view,
    a_failed_view,
    a_view,
    a_view_due,
    hooks,
    plain,
    row,
)


@pytest.mark.parametrize(
    ("seconds", "english", "portuguese"),
    [
        (-5, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (60, "1 min", "1 min"),
        (3599, "59 min", "59 min"),
        (3600, "1 hour", "1 hora"),
        (2 * DAY - 1, "47 hours", "47 horas"),
        (2 * DAY, "2 days", "2 dias"),
        (1_234_567 * DAY, "1,234,567 days", "1.234.567 dias"),
    ],
)
def test_a_duration_is_said_in_its_largest_unit(seconds: float, english: str, portuguese: str) -> None:
    assert duration(seconds, ENGLISH) == english
    assert duration(seconds, PORTUGUESE) == portuguese


def test_a_row_says_state_since_when_and_what_to_do() -> None:
    said = row(a_disconnected_view())
    assert said.state == "Disconnected"
    assert said.since == Moment("for 1 hour", "2025-11-24 14:36:40 UTC", "2025-11-24T14:36:40Z")
    assert said.state_notes == ("3 disconnects seen",)
    (problem,) = said.problems
    assert (problem.level, problem.detail, problem.detail_tag) == ("bad", "", "")
    assert plain(problem.sentence) == "WhatsApp is disconnected."
    assert "QR code" in plain(problem.remedy)


def test_a_state_whose_beginning_no_poll_saw_lasts_at_least_so_long() -> None:
    view = a_disconnected_view(since_is_exact=False)
    for texts, words in ((ENGLISH, "for at least 1 hour"), (PORTUGUESE, "há pelo menos 1 hora")):
        assert row(view, texts).since == moment(NOW - 5000, words, texts)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "took 1 ms"),
        (0.0042, "took 4 ms"),
        (0.214, "took 214 ms"),
        (1.0, "took 1.00 s"),
        (1.5, "took 1.50 s"),
    ],
)
def test_a_short_poll_is_told_in_milliseconds(seconds: float, words: str) -> None:
    assert row(a_view(last_duration=seconds)).last_duration == words


def test_a_failed_poll_says_reason_detail_and_last_known_state() -> None:
    view = a_disconnected_view(up=False, failure=Failure(Reason.CONNECT, "the connection was refused"))
    said = row(view)
    assert said.state == "Cannot be polled"
    assert said.state_notes[0] == "Last known: disconnected"
    assert [problem.detail for problem in said.problems] == ["", "the connection was refused"]
    assert row(a_failed_view("x", Reason.CONNECT)).state_notes == (), "no state is known"


@pytest.mark.parametrize(
    ("detail", "portuguese", "tag"),
    [
        ("Z-API failed to answer (HTTP 502)", "a Z-API não conseguiu responder (HTTP 502)", ""),
        ("something new (HTTP 502)", "something new (HTTP 502)", "en"),
    ],
)
def test_a_detail_is_translated_with_its_numbers_or_marked(detail: str, portuguese: str, tag: str) -> None:
    view = a_failed_view("x", Reason.SERVER_ERROR, failure=Failure(Reason.SERVER_ERROR, detail))
    (english,), (translated,) = row(view).problems, row(view, PORTUGUESE).problems
    assert (english.detail, english.detail_tag) == (detail, "")
    assert (translated.detail, translated.detail_tag) == (portuguese, tag)


@pytest.mark.parametrize(
    ("days", "text", "day", "level", "problem"),
    [
        (200, "in 200 days", "2026-06-12", "", []),
        (3.5, "in 3 days", "2025-11-28", "warning", ["The subscription ends in 3 days."]),
        (-2, "2 days ago", "2025-11-22", "bad", ["The subscription ended 2 days ago."]),
    ],
)
def test_the_end_of_the_subscription_is_relative_and_absolute(
    days: float, text: str, day: str, level: str, problem: list[str]
) -> None:
    said = row(a_view_due(days * DAY))
    assert said.due == moment(NOW + days * DAY, text, ENGLISH)
    assert said.due_day == replace(moment(NOW + days * DAY, day, ENGLISH), shows="day")
    assert (said.due_level, [plain(note.sentence) for note in said.problems]) == (level, problem)


def test_the_last_second_that_can_be_read_can_be_written() -> None:
    due_day = row(a_view(status=a_status(due=253_402_300_799.0))).due_day
    assert due_day == Moment("9999-12-31", "9999-12-31 23:59:59 UTC", "9999-12-31T23:59:59Z", "day")


@pytest.mark.parametrize(
    ("status", "paid", "words", "own_word"),
    [
        ("paid", True, "Paid", ""),
        ("quitado", True, "Paid", "quitado"),
        ("overdue", False, "Unpaid", "overdue"),
        ("trialing", None, "Not classified", "trialing"),
        ("unknown", None, "Not known", ""),
        (None, None, "Not known", ""),
    ],
)
def test_payment_is_said_in_our_words_and_in_that_of_the_api(
    status: str | None, paid: bool | None, words: str, own_word: str
) -> None:
    said = row(a_view(payment_status=status, paid=paid))
    assert (said.payment, said.payment_status) == (words, own_word)
    assert said.payment_class == {True: "paid", False: "wrong", None: "unknown"}[paid]
    assert all(str(status) in plain(problem.sentence) for problem in said.problems)


def test_a_label_leads_to_the_rows_that_have_it() -> None:
    """But the label that rows are grouped by, which the heading shows; a parameter's name is searched for."""
    view = a_view(instance=an_instance(labels={"team": "a", "zone": "b", "page": "c"}))
    labels = RowWriter(ENGLISH, Query(by="team"), NOW).row(diagnose(view, NOW)).labels
    assert [(one.name, one.link) for one in labels] == [
        ("zone", "?zone=b&by=team"),
        ("page", "?q=page%3Dc&by=team"),
    ]


def test_webhooks_are_counted_and_judged() -> None:
    instance = an_instance(expected_webhooks={"received": None, "disconnected": None})
    view = a_view(instance=instance, status=a_status(webhooks=hooks(received=None, delivery=None)))
    webhooks = row(view).webhooks
    assert webhooks is not None
    assert (webhooks.count, webhooks.verdict, webhooks.wrong) == ("5 of 7 set", "1 wrong", True)
    assert ("received", "missing", True) in webhooks.each
    assert ("disconnected", "as expected", False) in webhooks.each
    assert ("delivery", "not set", False) in webhooks.each
    good, unexpected = row(replace(view, status=a_status(webhooks=hooks()))).webhooks, row(a_view()).webhooks
    assert good is not None
    assert unexpected is not None
    assert (good.verdict, unexpected.verdict) == ("As expected", "")
    none_set = replace(view, status=a_status(webhooks=hooks(received=None, disconnected=None)))
    assert plain(row(none_set).problems[0].sentence) == "Webhook not set: disconnected, received."


def test_a_muted_webhook_is_told_with_what_to_do() -> None:
    muted = a_status(webhooks=hooks(), muted=frozenset({"received", "delivery"}))
    view = a_view(instance=an_instance(expected_webhooks={"received": None}), status=muted)
    said = row(view)
    assert said.webhooks is not None
    assert (said.webhooks.count, said.webhooks.verdict) == ("7 of 7 set", "1 wrong")
    assert ("received", "muted by a filter at Z-API", True) in said.webhooks.each
    assert ("delivery", "set, but muted by a filter at Z-API", False) in said.webhooks.each
    assert Piece("code", "received") in said.problems[0].sentence
    assert "/update-filters" in plain(said.problems[0].remedy)
    assert "silenciado" in plain(row(view, PORTUGUESE).problems[0].sentence)


def test_what_was_never_read_is_not_known() -> None:
    said = row(InstanceView(an_instance()))
    assert (said.state, said.payment) == ("Not polled yet", "Not known")
    assert (said.since, said.due, said.webhooks, said.last_poll) == (None, None, None, None)
    assert said.last_duration == ""


def test_since_when_polls_have_stopped_is_not_claimed() -> None:
    assert row(a_view(up=False, failure=None, status=None)).since is None


def test_a_clock_that_stepped_back_gives_no_poll_in_the_future() -> None:
    assert row(a_view(last_poll=NOW + 30)).last_poll == moment(NOW, "0 s ago", ENGLISH)


def test_a_display_name_is_shown_only_where_it_says_more() -> None:
    assert row(a_view("loja", status=a_status(display_name="loja"))).display_name == ""
    assert row(a_view("loja", status=a_status(display_name="Loja"))).display_name == "Loja"
