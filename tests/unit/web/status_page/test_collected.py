"""What the page makes of the collectors' answers."""

from dataclasses import replace

import pytest

from exporter.fleet.store import CollectorView, InstanceView
from exporter.model.poll_result import Collector, Failure, MessageQueue, PhoneStatus, Reason, Session
from exporter.web.status_page.diagnosis import (
    QUEUE_NEARLY_FULL,
    QUEUE_STUCK_AFTER,
    Diagnoses,
    Level,
    Problem,
    diagnose,
)
from exporter.web.status_page.formatting import Piece
from exporter.web.status_page.query import Show
from exporter.web.status_page.texts import Texts
from tests.unit.web.status_page.fleets import (
    DAY,
    ENGLISH,
    NOW,
    PORTUGUESE,
    a_disconnected_view,
    a_view,
    plain,
    row,
)


def knowing(view: InstanceView, value: PhoneStatus | MessageQueue | Failure) -> InstanceView:
    collector = Collector.STATUS if isinstance(value, PhoneStatus) else Collector.QUEUE
    known = CollectorView(None, value) if isinstance(value, Failure) else CollectorView(value, None)
    return replace(view, collected={collector: known})


@pytest.mark.parametrize(
    ("connected", "session", "problem", "remedy"),
    [
        (False, Session.RESTORABLE, Problem.SESSION_LOST, "Restore the session"),
        (False, Session.DISCONNECTED, Problem.DISCONNECTED, "Scan the QR code again"),
        (False, Session.UNKNOWN, Problem.DISCONNECTED, "Scan the QR code again"),
        (True, Session.RESTORABLE, Problem.SESSION_LOST_UNNOTICED, "Restore the session at"),
        (True, Session.DISCONNECTED, Problem.SESSION_LOST_UNNOTICED, "Scan the QR code again at"),
        (True, Session.UNKNOWN, Problem.SESSION_LOST_UNNOTICED, "must be restored or the QR code scanned"),
    ],
)
def test_a_lost_session_is_told_once_with_what_to_do(
    connected: bool, session: Session, problem: Problem, remedy: str
) -> None:
    """That the phone of a disconnected number is offline is not told beside."""
    view = a_view() if connected else a_disconnected_view()
    view = knowing(view, PhoneStatus(session, phone_online=connected))
    diagnosis, written = diagnose(view, NOW), row(view)
    assert diagnosis.problems == (problem,)
    assert (diagnosis.level, diagnosis.state_level) == (Level.BAD, Level.GOOD if connected else Level.BAD)
    kind = Show.CONNECTED if connected else Show.DISCONNECTED
    assert diagnosis.shows == {Show.ALL, Show.PROBLEMS, kind}
    assert written.state == ("Connected" if connected else "Disconnected")
    (note,) = written.problems
    assert remedy in plain(note.remedy)
    assert (note.detail, note.detail_tag) == ("", "")


@pytest.mark.parametrize(("online", "problems"), [(False, (Problem.PHONE_OFFLINE,)), (True, ()), (None, ())])
def test_a_phone_that_is_offline_is_a_warning(online: bool | None, problems: tuple[Problem, ...]) -> None:
    phone = PhoneStatus(Session.CONNECTED, online)
    assert diagnose(knowing(a_view(status=None), phone), NOW).problems == problems
    diagnosis = diagnose(knowing(a_view(), phone), NOW)
    assert diagnosis.problems == problems
    assert diagnosis.level is (Level.WARNING if problems else Level.GOOD)
    assert diagnosis.shows - {Show.PROBLEMS} == {Show.ALL, Show.CONNECTED}


@pytest.mark.parametrize(
    ("view", "messages", "waits", "problem"),
    [
        (a_view(), 380, QUEUE_STUCK_AFTER - 1, None),
        (a_view(), 380, QUEUE_STUCK_AFTER, Problem.QUEUE_STUCK),
        (a_view(since=NOW - QUEUE_STUCK_AFTER + 1), 800, DAY, None),
        (a_view(since=NOW - QUEUE_STUCK_AFTER), 800, DAY, Problem.QUEUE_STUCK),
        (a_view(since=NOW - 1, since_is_exact=False), 800, DAY, Problem.QUEUE_STUCK),
        (a_view(since=None), 800, DAY, Problem.QUEUE_STUCK),
        (a_view(since=NOW - 1, up=False), 800, DAY, Problem.QUEUE_STUCK),
        (a_disconnected_view(), QUEUE_NEARLY_FULL - 1, 2 * DAY, None),
        (a_disconnected_view(), QUEUE_NEARLY_FULL, None, Problem.QUEUE_FULL),
        (a_view(), QUEUE_NEARLY_FULL, None, None),
    ],
)
def test_a_queue_is_stuck_while_connected_or_nearly_full_while_not(
    view: InstanceView, messages: int, waits: float | None, problem: Problem | None
) -> None:
    """Time without a connection, as far as it is known, does not count."""
    view = knowing(view, MessageQueue(messages, None if waits is None else NOW - waits))
    found = diagnose(view, NOW)
    assert set(found.problems) - {Problem.DISCONNECTED, Problem.STOPPED} == ({problem} if problem else set())
    assert problem is None or found.level_of(problem) is Level.BAD
    assert found.shows.isdisjoint({Show.WEBHOOKS, Show.UNPAID, Show.EXPIRING, Show.WAITING})
    told = "".join(plain(note.sentence) for note in row(view).problems)
    assert (f"{messages} messages wait" in told) is (problem is not None)


def test_a_queue_becomes_stuck_as_time_passes_between_polls() -> None:
    diagnoses, view = Diagnoses(), knowing(a_view(), MessageQueue(2, NOW))
    assert diagnoses.of([view], NOW)[0].problems == ()
    assert diagnoses.of([view], NOW + QUEUE_STUCK_AFTER)[0].problems == (Problem.QUEUE_STUCK,)


@pytest.mark.parametrize(
    ("texts", "note", "told"),
    [
        (
            ENGLISH,
            "1,380 messages wait to be sent",
            "1,380 messages wait although it is connected, the oldest came 2 days ago.",
        ),
        (PORTUGUESE, "1.380 mensagens aguardam envio", "a mais antiga chegou há 2 dias"),
    ],
)
def test_the_page_says_how_many_wait_and_since_when(texts: Texts, note: str, told: str) -> None:
    written = row(knowing(a_view(), MessageQueue(1380, NOW - 2.5 * DAY)), texts)
    assert written.state_notes == (note,)
    assert told in plain(written.problems[0].sentence)
    assert row(knowing(a_view(), MessageQueue(0, None)), texts).state_notes == ()


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
    view = replace(a_view(), collected=known)
    assert diagnose(view, NOW).shows == {Show.ALL, Show.PROBLEMS, Show.CONNECTED}
    written = row(view, texts)
    assert [problem.detail for problem in written.problems] == [detail]
    assert Piece("code", "queue") in written.problems[0].sentence
    assert Piece("code", "status") not in written.problems[0].sentence
