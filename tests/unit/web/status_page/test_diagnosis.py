from dataclasses import replace
from typing import Any

import pytest

from exporter.fleet.view import InstanceView
from exporter.metrics.catalogue import CATALOGUE, InstanceMetric
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Reason
from exporter.model.secret import Secret
from exporter.web.status_page.diagnosis import Diagnoses, Diagnosis, diagnose
from exporter.web.status_page.problems import EXPIRES_IMMINENTLY, EXPIRES_SOON, Level, Problem, WebhookState
from exporter.web.status_page.query import Show
from tests.builders import a_failure, a_status, an_instance
from tests.unit.web.status_page.fleets import (
    DAY,
    NOW,
    a_disconnected_view,
    a_failed_view,
    a_fleet,
    a_view,
    hooks,
)


def due_in(seconds: float) -> InstanceView:
    return a_view(status=a_status(due=NOW + seconds, webhooks=hooks()))


def with_webhook(url: Secret | None, expected: Secret | None) -> Diagnosis:
    instance = an_instance(expected_webhooks={"received": expected})
    return diagnose(a_view(instance=instance, status=a_status(webhooks=hooks(received=url))), NOW)


def test_an_instance_that_is_fine_has_no_problem() -> None:
    diagnosis = diagnose(a_view(), NOW)

    assert diagnosis.problems == ()
    assert diagnosis.level is Level.GOOD
    assert diagnosis.shows == {Show.ALL, Show.CONNECTED}


def test_an_instance_that_was_never_polled_waits() -> None:
    diagnosis = diagnose(InstanceView(an_instance()), NOW)

    assert diagnosis.problems == ()
    assert diagnosis.level is diagnosis.state_level is Level.WAITING
    assert diagnosis.shows == {Show.ALL, Show.WAITING}


def test_a_disconnected_instance_is_broken() -> None:
    diagnosis = diagnose(a_disconnected_view(), NOW)

    assert diagnosis.problems == (Problem.DISCONNECTED,)
    assert diagnosis.level is diagnosis.state_level is Level.BAD
    assert Show.CONNECTED not in diagnosis.shows


def test_a_failed_poll_keeps_the_problems_last_known() -> None:
    view = replace(a_disconnected_view(), up=False, failure=a_failure())

    diagnosis = diagnose(view, NOW)
    assert diagnosis.problems == (Problem.DISCONNECTED, Problem.UNREACHABLE)
    assert (diagnosis.level, diagnosis.state_level) == (Level.BAD, Level.WARNING)


def test_polls_that_stopped_are_a_problem_of_their_own() -> None:
    view = a_view(up=False, failure=None, status=None, paid=None, payment_status=None)
    diagnosis = diagnose(view, NOW)

    assert diagnosis.problems == (Problem.STOPPED,)
    assert Show.UNREACHABLE in diagnosis.shows


@pytest.mark.parametrize(
    ("seconds", "problems"),
    [
        (EXPIRES_SOON + 1, ()),
        (EXPIRES_SOON, (Problem.EXPIRING,)),
        (1, (Problem.EXPIRING,)),
        (0, (Problem.EXPIRED,)),
        (-1, (Problem.EXPIRED,)),
    ],
)
def test_a_subscription_is_a_problem_from_seven_days_before_its_end(
    seconds: float, problems: tuple[Problem, ...]
) -> None:
    assert diagnose(due_in(seconds), NOW).problems == problems


def test_what_is_not_known_of_payment_and_subscription_is_no_problem() -> None:
    assert diagnose(a_view(status=a_status(due=None), paid=None, payment_status=None), NOW).problems == ()


def test_an_unpaid_instance_is_a_warning_though_connected() -> None:
    diagnosis = diagnose(a_view(paid=False, payment_status="overdue"), NOW)

    assert diagnosis.problems == (Problem.UNPAID,)
    assert (diagnosis.level, diagnosis.state_level) == (Level.WARNING, Level.GOOD)


@pytest.mark.parametrize(
    ("url", "expected", "state"),
    [
        (Secret("a"), Secret("a"), WebhookState.AS_EXPECTED),
        (Secret("a"), None, WebhookState.AS_EXPECTED),
        (Secret("b"), Secret("a"), WebhookState.DIFFERENT),
        (None, Secret("a"), WebhookState.MISSING),
        (None, None, WebhookState.MISSING),
    ],
)
def test_an_expected_webhook_is_compared(
    url: Secret | None, expected: Secret | None, state: WebhookState
) -> None:
    assert dict(with_webhook(url, expected).webhooks)["received"] is state


@pytest.mark.parametrize(
    ("webhook", "url", "state", "problems"),
    [
        ("received", Secret("a"), WebhookState.SILENCED, (Problem.WEBHOOK_MUTED,)),
        ("received", None, WebhookState.MISSING, (Problem.WEBHOOK_MISSING,)),
        ("delivery", Secret("a"), WebhookState.MUTED, ()),
        ("delivery", None, WebhookState.NOT_SET, ()),
    ],
)
def test_a_muted_webhook_is_a_problem_where_it_is_expected_and_set(
    webhook: str, url: Secret | None, state: WebhookState, problems: tuple[Problem, ...]
) -> None:
    webhooks = {"received": Secret("a"), "delivery": Secret("a"), webhook: url}
    status = a_status(webhooks=webhooks, muted=frozenset({webhook}))
    instance = an_instance(expected_webhooks={"received": None})
    diagnosis = diagnose(a_view(instance=instance, status=status), NOW)

    assert dict(diagnosis.webhooks)[webhook] is state
    assert diagnosis.problems == problems


def test_a_webhook_nobody_expects_is_never_a_problem() -> None:
    webhooks = dict(diagnose(a_view(status=a_status(webhooks=hooks(delivery=None))), NOW).webhooks)

    assert webhooks["delivery"] is WebhookState.NOT_SET
    assert webhooks["received"] is WebhookState.SET


def test_an_unreadable_webhook_is_no_problem() -> None:
    status = a_status(webhooks={}, unreadable=frozenset({WEBHOOK_FIELDS["received"]}))
    diagnosis = diagnose(
        a_view(instance=an_instance(expected_webhooks={"received": None}), status=status), NOW
    )

    assert diagnosis.webhooks == (("received", WebhookState.UNREADABLE),)
    assert diagnosis.problems == ()


def test_the_page_and_the_metrics_agree_on_webhooks() -> None:
    metrics = {metric.name: metric for metric in CATALOGUE if isinstance(metric, InstanceMetric)}
    for view in a_fleet(90):
        expected = metrics["zapi_instance_webhook_as_expected"].samples(view)
        of_metrics = {labels[0][1]: bool(value) for labels, value in expected}
        of_page = {
            name: state is WebhookState.AS_EXPECTED
            for name, state in diagnose(view, NOW).webhooks
            if state
            in (WebhookState.AS_EXPECTED, WebhookState.MISSING, WebhookState.SILENCED, WebhookState.DIFFERENT)
        }
        assert of_page == of_metrics


@pytest.mark.parametrize(
    ("view", "problem", "level"),
    [
        (a_disconnected_view(), Problem.DISCONNECTED, Level.BAD),
        (due_in(-1), Problem.EXPIRED, Level.BAD),
        (due_in(EXPIRES_IMMINENTLY), Problem.EXPIRING, Level.BAD),
        (due_in(EXPIRES_IMMINENTLY + 1), Problem.EXPIRING, Level.WARNING),
        (a_view(paid=False), Problem.UNPAID, Level.WARNING),
        (a_view(up=False, status=None), Problem.STOPPED, Level.BAD),
        (a_failed_view("x", Reason.TIMEOUT), Problem.UNREACHABLE, Level.BAD),
        (a_failed_view("x", Reason.TIMEOUT, status=a_status()), Problem.UNREACHABLE, Level.WARNING),
        (a_failed_view("x", Reason.UNAUTHORIZED, status=a_status()), Problem.UNREACHABLE, Level.BAD),
        (a_failed_view("x", Reason.NOT_FOUND, status=a_status()), Problem.UNREACHABLE, Level.BAD),
    ],
)
def test_a_problem_is_as_bad_as_its_alert(view: InstanceView, problem: Problem, level: Level) -> None:
    diagnosis = diagnose(view, NOW)
    assert diagnosis.problems == (problem,)
    assert diagnosis.level_of(problem) is diagnosis.level is level


def test_missing_muted_and_other_webhooks_are_as_bad_as_their_alerts() -> None:
    for url, muted in ((None, ()), (Secret("b"), ()), (Secret("a"), ("received",))):
        status = a_status(webhooks=hooks(received=url), muted=frozenset(muted))
        instance = an_instance(expected_webhooks={"received": Secret("a")})
        assert diagnose(a_view(instance=instance, status=status), NOW).level is Level.BAD


def test_failing_polls_are_no_worse_than_their_alert() -> None:
    """An instance whose polls fail is no worse than its alert while values last."""

    diagnosis = diagnose(a_failed_view("x", Reason.TIMEOUT, status=a_status()), NOW)
    assert diagnosis.state_level is Level.WARNING


def test_a_search_finds_name_id_label_display_name_payment_and_reason() -> None:
    instance = an_instance("Loja Belém", instance_id="ABC123", labels={"team": "Vendas"})
    status = a_status(display_name="Ção")
    found = diagnose(a_view(instance=instance, status=status, payment_status="trial"), NOW).haystack

    for term in ("loja belem", "abc123", "team=vendas", "cao", "trial"):
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
    ]
    for change in changes:
        diagnoses, after = Diagnoses(), replace(before, **change)
        diagnoses.of([before], NOW)

        assert diagnoses.of([after], NOW) == [diagnose(after, NOW)]


def test_a_diagnosis_is_made_anew_when_time_makes_it_untrue() -> None:
    diagnoses, view = Diagnoses(), due_in(EXPIRES_SOON + 100)
    imminent = EXPIRES_SOON + 100 - EXPIRES_IMMINENTLY
    moments = (
        0.0,
        99.0,
        100.0,
        imminent,
        EXPIRES_SOON + 99,
        EXPIRES_SOON + 100,
        0.0,
    )  # the clock may step back

    seen = [diagnoses.of([view], NOW + moment)[0] for moment in moments]

    soon, ended = (Problem.EXPIRING,), (Problem.EXPIRED,)
    assert [one.problems for one in seen] == [(), (), soon, soon, soon, ended, ()]
    assert [one.level for one in seen[1:-1]] == [Level.GOOD, Level.WARNING, *(Level.BAD,) * 3]


def test_a_removed_instance_is_forgotten() -> None:
    diagnoses = Diagnoses()
    diagnoses.of([a_view("a"), a_view("b")], NOW)

    assert [one.view.instance.name for one in diagnoses.of([a_view("b")], NOW)] == ["b"]
