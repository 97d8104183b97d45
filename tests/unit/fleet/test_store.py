"""What is known of every instance, and for how long."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import pytest

from exporter.fleet.store import MAX_STATUSES, Fleet, InstanceView, is_as_expected
from exporter.model.poll_result import Reading, Reason
from exporter.model.secret import Secret
from tests.builders import a_config, a_failure, a_status, an_instance, some_polling
from tests.clocks import ManualClock

Form = Literal["NFC", "NFD"]
VENDAS = an_instance("vendas")
SUPORTE = an_instance("suporte")


class Recorder:
    def __init__(self) -> None:
        self.changes: list[tuple[InstanceView, InstanceView]] = []
        self.replacements: list[Sequence[InstanceView]] = []

    def changed(self, before: InstanceView, after: InstanceView) -> None:
        self.changes.append((before, after))

    def replaced(self, views: Sequence[InstanceView]) -> None:
        self.replacements.append(views)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fleet(clock: ManualClock) -> Fleet:
    return Fleet(a_config(VENDAS, SUPORTE), clock)


def vendas(fleet: Fleet) -> InstanceView:
    view = fleet.view("vendas")
    assert view is not None
    return view


def poll(fleet: Fleet, *readings: Reading) -> None:
    for reading in readings:
        fleet.record(VENDAS, reading, 0.1)


def test_before_the_first_poll_nothing_is_known(fleet: Fleet) -> None:
    view = vendas(fleet)
    assert (view.up, view.status, view.last_poll, view.polls) == (None, None, None, 0)
    assert not fleet.every_instance_was_polled()


def test_a_good_poll_is_known_at_once(fleet: Fleet, clock: ManualClock) -> None:
    fleet.record(VENDAS, a_status(due=clock.time() + 60), 0.25)
    view = vendas(fleet)
    assert (view.up, view.polls, view.failures, view.last_duration) == (True, 1, 0, 0.25)
    assert view.last_poll == view.last_success == clock.time()
    assert view.paid is True


def test_all_are_polled_once_every_one_was_well_or_not(fleet: Fleet) -> None:
    poll(fleet, a_status())
    assert not fleet.every_instance_was_polled()
    fleet.record(SUPORTE, a_failure(), 0.1)
    assert fleet.every_instance_was_polled()


def test_after_a_failed_poll_up_is_0_at_once_and_the_values_stay(fleet: Fleet, clock: ManualClock) -> None:
    poll(fleet, a_status())
    clock.advance(60)
    fleet.record(VENDAS, a_failure(Reason.TLS), 0.75)
    view = vendas(fleet)
    assert view.up is False
    assert (view.last_poll, view.last_duration) == (clock.time(), 0.75)
    assert view.failure == a_failure(Reason.TLS)
    assert view.status == a_status()
    assert view.last_success == clock.time() - 60


def test_values_go_together_when_stale_after_has_passed(fleet: Fleet, clock: ManualClock) -> None:
    poll(fleet, a_status())
    clock.advance(60)
    poll(fleet, a_failure())
    clock.advance(239.9)
    assert vendas(fleet).status is not None
    clock.advance(0.1)
    view = vendas(fleet)
    assert (view.status, view.payment_status, view.paid) == (None, None, None)
    assert (view.polls, view.failures) == (2, 1)
    assert view.last_success is not None


def test_a_failure_after_stale_after_takes_the_values_with_it(fleet: Fleet, clock: ManualClock) -> None:
    poll(fleet, a_status())
    clock.advance(301)
    poll(fleet, a_failure())
    assert vendas(fleet).status is None


@pytest.mark.parametrize("step", [-86400.0, 86400.0])
def test_a_stepped_wall_clock_neither_keeps_nor_drops_values(
    fleet: Fleet, clock: ManualClock, step: float
) -> None:
    poll(fleet, a_status(), a_failure())
    clock.step_wall_clock(step)
    clock.advance(299)
    assert vendas(fleet).status is not None
    clock.advance(2)
    assert vendas(fleet).status is None


def test_polls_that_stop_altogether_become_visible(fleet: Fleet, clock: ManualClock) -> None:
    poll(fleet, a_status())
    clock.advance(299)
    assert vendas(fleet).up is True
    clock.advance(1)
    view, _ = fleet.views()
    assert (view.up, view.failure, view.status) == (False, None, None)


@pytest.fixture
def brief(clock: ManualClock) -> Fleet:
    """A fleet whose ``stale_after`` is no longer than the interval."""
    return Fleet(a_config(VENDAS, timeout=10, polling=some_polling(interval=60, stale_after=60)), clock)


def test_good_values_outlive_the_interval_if_stale_after_is_as_short(
    brief: Fleet, clock: ManualClock
) -> None:
    poll(brief, a_status())
    clock.advance(65)
    assert vendas(brief).up is True
    clock.advance(65)
    assert vendas(brief).up is False


def test_after_a_failure_values_live_no_longer_than_stale_after(brief: Fleet, clock: ManualClock) -> None:
    poll(brief, a_status())
    clock.advance(30)
    poll(brief, a_failure())
    clock.advance(29.9)
    assert vendas(brief).status is not None
    clock.advance(0.1)
    assert vendas(brief).status is None


def test_disconnects_are_counted_when_a_poll_sees_them(fleet: Fleet) -> None:
    poll(fleet, *map(a_status, (False, True, True, False, False, True, False)))
    assert vendas(fleet).disconnects == 2


def test_a_disconnect_across_a_failure_is_counted(fleet: Fleet, clock: ManualClock) -> None:
    poll(fleet, a_status(True), a_failure())
    clock.advance(1000)
    assert vendas(fleet).status is None
    poll(fleet, a_status(False))
    assert vendas(fleet).disconnects == 1


def test_last_connected_is_the_last_poll_that_saw_it_connected(fleet: Fleet, clock: ManualClock) -> None:
    poll(fleet, a_status(False))
    assert vendas(fleet).last_connected is None
    clock.advance(60)
    poll(fleet, a_status(True))
    seen = clock.time()
    clock.advance(60)
    for reading in (a_status(False), a_failure()):
        poll(fleet, reading)
        assert vendas(fleet).last_connected == seen
    clock.advance(1000)
    assert vendas(fleet).status is None
    assert vendas(fleet).last_connected == seen
    poll(fleet, a_status(True))
    assert vendas(fleet).last_connected == clock.time()


def test_a_reload_classifies_the_payment_status_anew(fleet: Fleet) -> None:
    poll(fleet, a_status(payment_status="trialing"))
    fleet.reconfigure(replace(a_config(VENDAS), unpaid_statuses=frozenset({"trialing"})))
    assert vendas(fleet).paid is False


@pytest.mark.parametrize(
    "history",
    [
        [
            (a_status(False), 0, False),  # it may have been so for days
            (a_status(True), 1, True),
            (a_status(True), 1, True),
            (a_failure(Reason.TLS), 3, True),
            (a_failure(Reason.TIMEOUT), 4, True),
            (a_status(False), 5, False),  # it may have gone while polls failed
            (a_status(True), 6, True),
        ],
        [(a_failure(), 0, False)] * 3 + [(a_failure(Reason.TLS), 3, True)],
        [
            (a_status(True), 0, False),
            (a_failure(), 1, True),
            (a_failure(), 1, True),
            (a_status(True), 0, False),
        ],
    ],
    ids=["changes", "a failure goes on", "failures do not begin a connection anew"],
)
def test_a_state_began_with_the_first_poll_that_saw_it(
    history: list[tuple[Reading, int, bool]], fleet: Fleet, clock: ManualClock
) -> None:
    """That is exact only where the poll before saw otherwise."""
    moments = []
    for reading, began, is_exact in history:
        moments.append(clock.time())
        poll(fleet, reading)
        assert (vendas(fleet).since, vendas(fleet).since_is_exact) == (moments[began], is_exact)
        clock.advance(60)


@pytest.mark.parametrize(
    ("status", "label", "paid"),
    [
        ("paid", "paid", True),
        ("overdue", "overdue", False),
        ("trialing", "trialing", None),
        ("", "unknown", None),
        (None, None, None),
    ],
)
def test_a_payment_status_has_a_label_and_a_verdict(
    fleet: Fleet, status: str | None, label: str | None, paid: bool | None
) -> None:
    poll(fleet, a_status(payment_status=status))
    view = vendas(fleet)
    assert (view.payment_status, view.paid) == (label, paid)


def test_a_status_seen_on_one_instance_is_known_on_all(fleet: Fleet) -> None:
    poll(fleet, a_status(payment_status="paid"))
    fleet.record(SUPORTE, a_status(payment_status="overdue"), 0.1)
    assert vendas(fleet).known_statuses == ("paid", "overdue")


def test_past_twenty_payment_statuses_the_rest_is_other(fleet: Fleet) -> None:
    poll(fleet, a_status(payment_status=""))
    for number in range(MAX_STATUSES + 50):
        poll(fleet, a_status(payment_status=f"status-{number}"))
    view = vendas(fleet)
    assert view.payment_status == "other"
    assert len(view.known_statuses) == MAX_STATUSES + 2
    poll(fleet, a_status(payment_status="status-3"))
    assert vendas(fleet).payment_status == "status-3"


def test_an_instance_that_is_added_knows_the_statuses_of_the_others(fleet: Fleet) -> None:
    poll(fleet, a_status(payment_status="paid"))
    fleet.reconfigure(a_config(VENDAS, an_instance("nova")))
    nova = fleet.view("nova")
    assert nova is not None
    assert nova.known_statuses == ("paid",)


def test_failures_are_counted_across_successes(fleet: Fleet) -> None:
    poll(fleet, a_failure(), a_status(), a_failure(), a_status())
    assert (vendas(fleet).polls, vendas(fleet).failures, vendas(fleet).failure) == (4, 2, None)


def test_two_instances_that_swap_names_take_nothing_of_each_other(fleet: Fleet) -> None:
    poll(fleet, a_status(connected=True))
    fleet.record(SUPORTE, a_status(connected=False, payment_status="overdue"), 0.1)
    swapped = (an_instance("vendas", instance_id=SUPORTE.id), an_instance("suporte", instance_id=VENDAS.id))
    fleet.reconfigure(a_config(*swapped))
    assert [(view.polls, view.status, view.paid) for view in fleet.views()] == [(0, None, None)] * 2
    fleet.record(VENDAS, a_status(), 0.1)  # its poll was in flight
    assert vendas(fleet).polls == 0


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_that_differ_by_their_unicode_form_are_two_instances(clock: ManualClock, form: Form) -> None:
    names = [unicodedata.normalize(each, "recepção") for each in get_args(Form)]
    instances = [an_instance(name, instance_id=f"id-{number}") for number, name in enumerate(names)]
    fleet = Fleet(a_config(*instances), clock)
    polled = instances[form == "NFD"]
    fleet.record(polled, a_status(), 0.1)
    assert [view.instance.name for view in fleet.views() if view.polls] == [polled.name]


def test_a_webhook_is_as_expected_where_it_is_set_to_the_url_and_heard() -> None:
    one, other = Secret("https://a.example/1"), Secret("https://a.example/2")
    cases = [(None, None), (None, one), (one, None), (one, one), (one, other)]
    assert [is_as_expected(url, expected, muted=False) for url, expected in cases] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert not any(is_as_expected(url, expected, muted=True) for url, expected in cases)


def test_a_removed_instance_is_forgotten_and_its_late_reading_dropped(fleet: Fleet) -> None:
    poll(fleet, a_status())
    fleet.reconfigure(a_config(SUPORTE))
    assert fleet.view("vendas") is None
    poll(fleet, a_status())
    assert fleet.view("vendas") is None


def test_an_unchanged_instance_keeps_everything_across_a_reload(fleet: Fleet) -> None:
    poll(fleet, a_status())
    before = vendas(fleet)
    fleet.reconfigure(a_config(SUPORTE, VENDAS))
    assert vendas(fleet) == before


def test_a_shorter_stale_after_applies_to_values_already_read(fleet: Fleet, clock: ManualClock) -> None:
    poll(fleet, a_status(), a_failure())
    fleet.reconfigure(a_config(VENDAS, polling=some_polling(stale_after=120)))
    clock.advance(120)
    assert vendas(fleet).status is None


def test_listeners_hear_every_change_in_order(clock: ManualClock) -> None:
    recorder = Recorder()
    fleet = Fleet(a_config(VENDAS), clock, [recorder])
    poll(fleet, a_status(), a_failure())
    clock.advance(300)
    fleet.expire()
    assert [len(views) for views in recorder.replacements] == [1]
    befores, afters = zip(*recorder.changes, strict=True)
    assert befores[1:] == afters[:-1]
    assert afters[-1] == vendas(fleet)


def test_a_poll_that_reads_the_same_keeps_the_very_status_it_had(fleet: Fleet) -> None:
    url = Secret("https://a.example/hook")
    poll(fleet, a_status(webhooks={"received": url}))
    first = vendas(fleet).status
    poll(fleet, a_status(webhooks={"received": Secret("https://a.example/hook")}))
    assert vendas(fleet).status is first
    poll(fleet, a_status(webhooks={"received": Secret("https://b.example/hook")}))
    assert vendas(fleet).status is not first
