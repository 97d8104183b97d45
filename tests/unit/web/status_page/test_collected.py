"""What the page makes of the collectors' answers."""

from dataclasses import replace

import pytest

from exporter.fleet.view import CollectorView, InstanceView
from exporter.model.poll_result import Collector, Failure, MessageQueue, PhoneStatus, Reason, Session
from exporter.web.status_page.diagnosis import Diagnoses, diagnose
from exporter.web.status_page.formatting import Piece
from exporter.web.status_page.problems import QUEUE_NEARLY_FULL, QUEUE_STUCK_AFTER, Level, Problem
from exporter.web.status_page.query import Query
from exporter.web.status_page.rows import Row, RowWriter
from exporter.web.status_page.texts import Texts, read_texts
from tests.unit.web.status_page.fleets import DAY, NOW, a_disconnected_view, a_view, plain

ENGLISH, PORTUGUESE = read_texts("en"), read_texts("pt-BR")


def knowing(view: InstanceView, value: PhoneStatus | MessageQueue | Failure) -> InstanceView:
    collector = Collector.STATUS if isinstance(value, PhoneStatus) else Collector.QUEUE
    known = CollectorView(None, value) if isinstance(value, Failure) else CollectorView(value, None)
    return replace(view, collected={collector: known})


def row(view: InstanceView, texts: Texts = ENGLISH) -> Row:
    return RowWriter(texts, Query(), NOW).row(diagnose(view, NOW))


def test_a_session_that_can_be_restored_needs_no_phone_at_hand() -> None:
    view = knowing(a_disconnected_view(), PhoneStatus(Session.RESTORABLE, phone_online=True))
    assert diagnose(view, NOW).problems == (Problem.SESSION_LOST,)
    assert diagnose(view, NOW).state_level is Level.BAD
    assert row(view).state == "Disconnected"
    assert "Restore the session" in plain(row(view).problems[0].remedy)
    assert "QR code" in plain(row(a_disconnected_view()).problems[0].remedy)


@pytest.mark.parametrize("session", [Session.DISCONNECTED, Session.UNKNOWN])
def test_any_other_session_has_to_be_scanned(session: Session) -> None:
    view = knowing(a_disconnected_view(), PhoneStatus(session, phone_online=None))
    assert diagnose(view, NOW).problems == (Problem.DISCONNECTED,)


@pytest.mark.parametrize(
    ("session", "remedy"),
    [
        (Session.RESTORABLE, "Restore the session at"),
        (Session.DISCONNECTED, "Scan the QR code again at"),
        (Session.UNKNOWN, "whether to restore the session or to scan the QR code"),
    ],
)
def test_a_lost_session_is_told_of_a_number_that_is_shown_as_connected(session: Session, remedy: str) -> None:
    view = knowing(a_view(), PhoneStatus(session, phone_online=True))
    assert diagnose(view, NOW).problems == (Problem.SESSION_LOST_UNNOTICED,)
    assert diagnose(view, NOW).level is Level.BAD
    assert remedy in plain(row(view).problems[0].remedy)


def test_the_phone_of_a_disconnected_number_is_not_told_beside() -> None:
    view = knowing(a_disconnected_view(), PhoneStatus(Session.DISCONNECTED, phone_online=False))
    assert diagnose(view, NOW).problems == (Problem.DISCONNECTED,)


@pytest.mark.parametrize(("online", "problems"), [(False, (Problem.PHONE_OFFLINE,)), (True, ()), (None, ())])
def test_a_phone_that_is_offline_is_a_warning(online: bool | None, problems: tuple[Problem, ...]) -> None:
    view = knowing(a_view(), PhoneStatus(Session.CONNECTED, online))
    assert diagnose(view, NOW).problems == problems
    assert diagnose(view, NOW).level is (Level.WARNING if problems else Level.GOOD)


@pytest.mark.parametrize(
    ("waits", "problems"),
    [(QUEUE_STUCK_AFTER - 1, ()), (QUEUE_STUCK_AFTER, (Problem.QUEUE_STUCK,))],
)
def test_messages_that_wait_while_connected_are_stuck(waits: float, problems: tuple[Problem, ...]) -> None:
    view = knowing(a_view(), MessageQueue(380, NOW - waits))
    assert diagnose(view, NOW).problems == problems


@pytest.mark.parametrize(
    ("connected_for", "problems"),
    [(QUEUE_STUCK_AFTER - 1, ()), (QUEUE_STUCK_AFTER, (Problem.QUEUE_STUCK,))],
)
def test_messages_from_before_it_was_connected_have_time_to_leave(
    connected_for: float, problems: tuple[Problem, ...]
) -> None:
    back = replace(a_view(), since=NOW - connected_for, since_is_exact=True)
    assert diagnose(knowing(back, MessageQueue(800, NOW - DAY)), NOW).problems == problems


@pytest.mark.parametrize(
    ("messages", "problems"),
    [
        (QUEUE_NEARLY_FULL - 1, (Problem.DISCONNECTED,)),
        (QUEUE_NEARLY_FULL, (Problem.DISCONNECTED, Problem.QUEUE_FULL)),
    ],
)
def test_a_queue_may_grow_while_disconnected_until_it_is_full(
    messages: int, problems: tuple[Problem, ...]
) -> None:
    view = knowing(a_disconnected_view(), MessageQueue(messages, NOW - 2 * DAY))
    assert diagnose(view, NOW).problems == problems


def test_a_queue_becomes_stuck_as_time_passes_between_polls() -> None:
    view = knowing(a_view(), MessageQueue(2, NOW))
    diagnoses = Diagnoses()
    assert diagnoses.of([view], NOW)[0].problems == ()
    assert diagnoses.of([view], NOW + QUEUE_STUCK_AFTER)[0].problems == (Problem.QUEUE_STUCK,)


def test_a_new_answer_makes_a_new_diagnosis() -> None:
    diagnoses = Diagnoses()
    diagnoses.of([knowing(a_view(), PhoneStatus(Session.CONNECTED, phone_online=True))], NOW)
    offline = knowing(a_view(), PhoneStatus(Session.CONNECTED, phone_online=False))
    assert diagnoses.of([offline], NOW)[0].problems == (Problem.PHONE_OFFLINE,)


@pytest.mark.parametrize(
    ("texts", "note", "told"),
    [
        (ENGLISH, "1,380 messages wait to be sent", "the oldest came"),
        (PORTUGUESE, "1.380 mensagens aguardam envio", "a mais antiga chegou"),
    ],
)
def test_the_page_says_how_many_wait_and_since_when(texts: Texts, note: str, told: str) -> None:
    written = row(knowing(a_view(), MessageQueue(1380, NOW - 2.5 * DAY)), texts)
    assert note in written.state_notes
    said = plain(written.problems[0].sentence)
    assert told in said
    assert "2 d" in said


def test_an_empty_queue_is_not_mentioned() -> None:
    assert row(knowing(a_view(), MessageQueue(0, None))).state_notes == ()


@pytest.mark.parametrize(
    ("texts", "detail"),
    [
        (ENGLISH, "Z-API does not offer this for the instance (HTTP 405)"),
        (PORTUGUESE, "a Z-API não oferece isso para a instância (HTTP 405)"),
    ],
)
def test_a_collector_that_fails_is_told_with_its_detail(texts: Texts, detail: str) -> None:
    failure = Failure(Reason.NOT_FOUND, "Z-API does not offer this for the instance (HTTP 405)")
    online = CollectorView(PhoneStatus(Session.CONNECTED, phone_online=True), None)
    known = {Collector.STATUS: online, Collector.QUEUE: CollectorView(None, failure)}
    written = row(replace(a_view(), collected=known), texts)
    assert [problem.detail for problem in written.problems] == [detail]
    assert Piece("code", "queue") in written.problems[0].sentence
    assert Piece("code", "status") not in written.problems[0].sentence
