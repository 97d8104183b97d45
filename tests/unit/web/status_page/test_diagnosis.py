from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from exporter.fleet.store import CollectorView, InstanceView
from exporter.metrics.instance_metrics import INSTANCE_METRICS
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Collector, Failure, MessageQueue, PhoneStatus, Reason, Session
from exporter.model.secret import Secret
from exporter.web.status_page.diagnosis import (
    EXPIRES_IMMINENTLY,
    EXPIRES_SOON,
    QUEUE_NEARLY_FULL,
    QUEUE_STUCK_AFTER,
    Diagnoses,
    Level,
    Problem,
    WebhookState,
    diagnose,
)
from exporter.web.status_page.formatting import Piece
from exporter.web.status_page.query import Show
from exporter.web.status_page.texts import Texts
from tests.builders import a_failure, a_status, an_instance
from tests.unit.web.status_page.fleets import (
    DAY,
    ENGLISH,
    NOW,
    PORTUGUESE,
    a_disconnected_view,
    a_failed_view,
    a_fleet,
    a_view,
    a_view_due,
    hooks,
    plain,
    row,
)


@pytest.mark.parametrize(
    ("view", "problems", "levels", "shows"),
    [
        (a_view(), "", "good good", "connected"),
        (a_view(status=a_status(due=None), paid=None), "", "good good", "connected"),
        (InstanceView(an_instance()), "", "waiting waiting", "waiting"),
        (a_disconnected_view(), "DISCONNECTED", "bad bad", "disconnected"),
        (
            a_disconnected_view(up=False, failure=a_failure()),
            *("DISCONNECTED UNREACHABLE", "bad warning", "disconnected unreachable"),
        ),
        (a_view(up=False, status=None, paid=None), "STOPPED", "bad bad", "unreachable"),
        (a_view(paid=False), "UNPAID", "warning good", "unpaid connected"),
        (a_view_due(EXPIRES_SOON + 1), "", "good good", "connected"),
        (a_view_due(EXPIRES_SOON), "EXPIRING", "warning good", "expiring connected"),
        (a_view_due(EXPIRES_IMMINENTLY + 1), "EXPIRING", "warning good", "expiring connected"),
        (a_view_due(EXPIRES_IMMINENTLY), "EXPIRING", "bad good", "expiring connected"),
        (a_view_due(1), "EXPIRING", "bad good", "expiring connected"),
        (a_view_due(0), "EXPIRED", "bad good", "expiring connected"),
        (a_failed_view("x", Reason.TIMEOUT), "UNREACHABLE", "bad bad", "unreachable"),
        *(
            (a_failed_view("x", reason, status=a_status()), "UNREACHABLE", levels, "unreachable connected")
            for reason, levels in (
                (Reason.TIMEOUT, "warning warning"),
                (Reason.UNAUTHORIZED, "bad bad"),
                (Reason.NOT_FOUND, "bad bad"),
                (Reason.SUBSCRIPTION_ENDED, "bad bad"),
            )
        ),
    ],
)
def test_a_problem_is_as_bad_as_its_alert(view: InstanceView, problems: str, levels: str, shows: str) -> None:
    """``levels`` are that of the instance, and that of its connection alone."""
    diagnosis = diagnose(view, NOW)
    assert " ".join(problem.name for problem in diagnosis.problems) == problems
    assert f"{diagnosis.level.value} {diagnosis.state_level.value}" == levels
    expected = {"all", *shows.split(), *(["problems"] if problems else [])}
    assert {show.value for show in diagnosis.shows} == expected


A, B = Secret("a"), Secret("b")


@pytest.mark.parametrize(
    ("expected", "url", "muted", "state", "problem"),
    [
        ({"received": A}, A, (), WebhookState.AS_EXPECTED, None),
        ({"received": None}, A, ("delivery",), WebhookState.AS_EXPECTED, None),
        ({"received": A}, B, (), WebhookState.DIFFERENT, Problem.WEBHOOK_DIFFERENT),
        ({"received": A}, None, (), WebhookState.MISSING, Problem.WEBHOOK_MISSING),
        ({"received": None}, None, ("received",), WebhookState.MISSING, Problem.WEBHOOK_MISSING),
        ({"received": None}, A, ("received",), WebhookState.SILENCED, Problem.WEBHOOK_MUTED),
        ({"received": A}, B, ("received",), WebhookState.SILENCED, Problem.WEBHOOK_MUTED),
        ({}, A, (), WebhookState.SET, None),
        ({}, A, ("received",), WebhookState.MUTED, None),
        ({}, None, ("received",), WebhookState.NOT_SET, None),
    ],
)
def test_a_webhook_is_a_problem_where_it_is_expected_and_does_not_work(
    expected: dict[str, Secret | None],
    url: Secret | None,
    muted: Sequence[str],
    state: WebhookState,
    problem: Problem | None,
) -> None:
    status = a_status(webhooks=hooks(received=url), muted=frozenset(muted))
    diagnosis = diagnose(a_view(instance=an_instance(expected_webhooks=expected), status=status), NOW)
    assert dict(diagnosis.webhooks)["received"] is state
    assert diagnosis.problems == ((problem,) if problem else ())
    assert diagnosis.level is (Level.BAD if problem else Level.GOOD)
    assert (Show.WEBHOOKS in diagnosis.shows) is (problem is not None)


@pytest.mark.parametrize("others", [{}, {"received": A}])
def test_an_unreadable_webhook_is_no_problem(others: dict[str, Secret]) -> None:
    status = a_status(webhooks=others, unreadable=frozenset({WEBHOOK_FIELDS["delivery"]}))
    instance = an_instance(expected_webhooks={"delivery": None})
    diagnosis = diagnose(a_view(instance=instance, status=status), NOW)
    assert diagnosis.problems == ()
    assert dict(diagnosis.webhooks) == {
        "delivery": WebhookState.UNREADABLE,
        **dict.fromkeys(others, WebhookState.SET),
    }


def test_the_page_and_the_metrics_agree_on_webhooks() -> None:
    metrics = {metric.name: metric for metric in INSTANCE_METRICS}
    for view in a_fleet(90):
        expected = metrics["zapi_instance_webhook_as_expected"].samples(view)
        of_metrics = {labels[0][1]: bool(value) for labels, value in expected}
        of_page = {
            name: state is WebhookState.AS_EXPECTED
            for name, state in diagnose(view, NOW).webhooks
            if name in view.instance.expected_webhooks
        }
        assert of_page == of_metrics


def test_a_search_finds_name_id_label_display_name_payment_and_reason() -> None:
    instance = an_instance("Loja Belém\0 Straße", instance_id="ABC123", labels={"team": "Vendas"})
    status = a_status(display_name="Ção")
    found = diagnose(a_view(instance=instance, status=status, payment_status="trial"), NOW).haystack
    for term in ("loja belem␀ strasse", "abc123", "team=vendas", "cao", "trial"):
        assert term in found
    assert "timeout" in diagnose(a_failed_view("x", Reason.TIMEOUT), NOW).haystack


def test_a_search_cannot_find_a_secret() -> None:
    assert all("canary" not in diagnosis.haystack for diagnosis in Diagnoses().of(a_fleet(90), NOW))


def test_a_diagnosis_is_kept_until_the_view_changes() -> None:
    diagnoses, view = Diagnoses(), a_view()
    first = diagnoses.of([view], NOW)[0]
    assert diagnoses.of([view], NOW + DAY)[0] is first
    assert diagnoses.of([replace(view, polls=10)], NOW)[0].view.polls == 10


@pytest.mark.parametrize("before", [*a_fleet(46), a_disconnected_view(), *map(a_failed_view, "ab", Reason)])
def test_a_diagnosis_that_was_kept_is_the_one_that_would_be_made(before: InstanceView) -> None:
    other = an_instance(before.instance.name, labels={"team": "other"}, expected_webhooks={"received": None})
    changes: list[dict[str, Any]] = [
        {"polls": 10, "last_poll": NOW, "last_duration": 2.0, "since": NOW, "disconnects": 7},
        {"instance": other},
        {"status": a_status(connected=False, display_name="New")},
        {"status": None},
        {"up": False, "failure": a_failure(Reason.TLS)},
        {"up": True, "failure": None},
        {"payment_status": "other", "paid": False},
        {"collected": {Collector.STATUS: CollectorView(None, a_failure())}},
    ]
    for change in changes:
        diagnoses, after = Diagnoses(), replace(before, **change)
        diagnoses.of([before], NOW)
        assert diagnoses.of([after], NOW) == [diagnose(after, NOW)]


def test_a_diagnosis_is_made_anew_when_time_makes_it_untrue() -> None:
    diagnoses, view = Diagnoses(), a_view_due(EXPIRES_SOON + 100)
    imminent = EXPIRES_SOON + 100 - EXPIRES_IMMINENTLY
    moments = (0, 99, 100, imminent, EXPIRES_SOON + 99, EXPIRES_SOON + 100, 0)  # the clock may step back
    seen = [diagnoses.of([view], NOW + moment)[0] for moment in moments]
    soon, ended = (Problem.EXPIRING,), (Problem.EXPIRED,)
    assert [one.problems for one in seen] == [(), (), soon, soon, soon, ended, ()]
    assert [one.level for one in seen[1:-1]] == [Level.GOOD, Level.WARNING, *(Level.BAD,) * 3]


def test_a_removed_instance_is_forgotten() -> None:
    diagnoses = Diagnoses()
    diagnoses.of([a_view("a"), a_view("b")], NOW)
    assert [one.view.instance.name for one in diagnoses.of([a_view("b")], NOW)] == ["b"]


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
