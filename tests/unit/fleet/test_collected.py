"""What is known from the collectors, and for how long."""

from dataclasses import replace

import pytest

from exporter.fleet.event_log import EventLog
from exporter.fleet.store import CollectorView, Fleet, InstanceView
from exporter.metrics.instance_metrics import INSTANCE_METRICS
from exporter.model.poll_result import (
    Collected,
    Collector,
    MessageQueue,
    PhoneStatus,
    Reading,
    Reason,
    Session,
)
from tests.builders import a_config, a_failure, a_status, an_instance, some_polling
from tests.clocks import ManualClock

BOTH = frozenset(Collector)
VENDAS = an_instance("vendas", collect=BOTH)
ONLINE = PhoneStatus(Session.CONNECTED, phone_online=True)
WAITING = MessageQueue(380, 1.7e9)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fleet(clock: ManualClock) -> Fleet:
    return Fleet(a_config(VENDAS), clock)


def vendas(fleet: Fleet) -> InstanceView:
    view = fleet.view("vendas")
    assert view is not None
    return view


def exposed(fleet: Fleet) -> dict[str, float]:
    """The samples of the collectors' metrics, by name and own label values."""
    return {
        ".".join([metric.name.removeprefix("zapi_instance_"), *(value for _, value in labels)]): number
        for metric in INSTANCE_METRICS
        if metric.reads == ("collected",)
        for labels, number in metric.samples(vendas(fleet))
    }


def test_before_a_collector_was_asked_nothing_is_exposed(fleet: Fleet) -> None:
    assert exposed(fleet) == {}


def test_what_collectors_tell_is_exposed(fleet: Fleet) -> None:
    fleet.record_collected(VENDAS, Collector.STATUS, PhoneStatus(Session.RESTORABLE, phone_online=False))
    fleet.record_collected(VENDAS, Collector.QUEUE, WAITING)
    assert exposed(fleet) == {
        "collector_up.status": 1,
        "collector_up.queue": 1,
        "phone_online": 0,
        "session.connected": 0,
        "session.restorable": 1,
        "session.disconnected": 0,
        "session.unknown": 0,
        "queue_messages": 380,
        "queue_oldest_message_timestamp_seconds": 1.7e9,
    }


def test_what_was_not_read_is_not_exposed(fleet: Fleet) -> None:
    fleet.record_collected(VENDAS, Collector.STATUS, PhoneStatus(Session.CONNECTED, phone_online=None))
    fleet.record_collected(VENDAS, Collector.QUEUE, MessageQueue(0, None))
    assert "phone_online" not in exposed(fleet)
    assert "queue_oldest_message_timestamp_seconds" not in exposed(fleet)


def test_a_failure_keeps_the_values_until_stale_after(fleet: Fleet, clock: ManualClock) -> None:
    fleet.record_collected(VENDAS, Collector.QUEUE, WAITING)
    clock.advance(60)
    fleet.record_collected(VENDAS, Collector.QUEUE, a_failure(Reason.TIMEOUT))
    failing = {"collector_up.queue": 0, "collector_failure.queue.timeout": 1}
    assert exposed(fleet).items() > failing.items()
    assert exposed(fleet)["queue_messages"] == 380
    clock.advance(239)
    assert exposed(fleet)["queue_messages"] == 380
    clock.advance(1)
    assert exposed(fleet) == failing


def test_values_vanish_where_a_collector_is_asked_no_more(fleet: Fleet, clock: ManualClock) -> None:
    fleet.record_collected(VENDAS, Collector.STATUS, ONLINE)
    clock.advance(300)
    assert exposed(fleet) == {"collector_up.status": 1}


def test_good_values_of_a_collector_outlive_the_interval() -> None:
    clock = ManualClock()
    fleet = Fleet(a_config(VENDAS, timeout=10, polling=some_polling(interval=60, stale_after=60)), clock)
    fleet.record_collected(VENDAS, Collector.QUEUE, WAITING)
    clock.advance(129)
    assert exposed(fleet)["queue_messages"] == 380
    fleet.record_collected(VENDAS, Collector.QUEUE, a_failure())
    assert "queue_messages" not in exposed(fleet)


def test_a_collector_that_never_succeeded_has_failed(fleet: Fleet) -> None:
    fleet.record_collected(VENDAS, Collector.QUEUE, a_failure(Reason.TLS))
    assert exposed(fleet) == {"collector_up.queue": 0, "collector_failure.queue.tls": 1}


def test_a_collector_of_one_instance_delays_the_expiry_of_no_other(clock: ManualClock) -> None:
    other = an_instance("suporte", collect=BOTH)
    fleet = Fleet(a_config(VENDAS, other), clock)
    fleet.record(VENDAS, a_status(), 0.1)
    clock.advance(200)
    fleet.record_collected(other, Collector.QUEUE, WAITING)
    clock.advance(100)
    assert vendas(fleet).status is None


def test_one_collector_expires_without_the_other(fleet: Fleet, clock: ManualClock) -> None:
    fleet.record_collected(VENDAS, Collector.STATUS, ONLINE)
    clock.advance(200)
    fleet.record_collected(VENDAS, Collector.QUEUE, WAITING)
    clock.advance(100)
    assert "phone_online" not in exposed(fleet)
    assert exposed(fleet)["queue_messages"] == 380


@pytest.mark.parametrize("reading", [a_status(), a_status(connected=False), a_failure()])
def test_a_poll_of_me_leaves_them_alone(fleet: Fleet, reading: Reading) -> None:
    fleet.record(VENDAS, a_status(), 0.1)
    fleet.record_collected(VENDAS, Collector.QUEUE, WAITING)
    fleet.record(VENDAS, reading, 0.1)
    assert vendas(fleet).collected == {Collector.QUEUE: CollectorView(WAITING, None)}


def test_what_is_not_configured_is_dropped(fleet: Fleet) -> None:
    fleet.record_collected(replace(VENDAS, id="another"), Collector.QUEUE, WAITING)
    fleet.record_collected(an_instance("unknown", collect=BOTH), Collector.QUEUE, WAITING)
    fleet.reconfigure(a_config(an_instance("vendas", collect=frozenset({Collector.STATUS}))))
    fleet.record_collected(VENDAS, Collector.QUEUE, WAITING)
    assert exposed(fleet) == {}


def test_a_reload_keeps_what_is_still_collected(fleet: Fleet, clock: ManualClock) -> None:
    fleet.record_collected(VENDAS, Collector.STATUS, ONLINE)
    fleet.record_collected(VENDAS, Collector.QUEUE, WAITING)
    fleet.reconfigure(a_config(an_instance("vendas", collect=frozenset({Collector.QUEUE}))))
    assert vendas(fleet).collected == {Collector.QUEUE: CollectorView(WAITING, None)}
    clock.advance(300)
    assert exposed(fleet) == {"collector_up.queue": 1}


def test_every_collector_was_asked_where_me_was_good(fleet: Fleet) -> None:
    assert fleet.every_collector_was_asked()
    fleet.record(VENDAS, a_status(), 0.1)
    assert not fleet.every_collector_was_asked()
    fleet.record_collected(VENDAS, Collector.STATUS, ONLINE)
    fleet.record_collected(VENDAS, Collector.QUEUE, a_failure())
    assert fleet.every_collector_was_asked()


def test_the_log_tells_each_change_once(caplog: pytest.LogCaptureFixture, clock: ManualClock) -> None:
    caplog.set_level("INFO")
    fleet = Fleet(a_config(VENDAS), clock, [EventLog()])
    offline = PhoneStatus(Session.RESTORABLE, phone_online=False)
    tls = a_failure(Reason.TLS)
    told_of: list[Collected] = [ONLINE, ONLINE, offline, *[a_failure()] * 2, *[tls] * 2, offline]
    for collected in told_of:
        fleet.record_collected(VENDAS, Collector.STATUS, collected)
    fields = ("session", "phone_online", "collector", "reason", "detail")
    assert [
        (record.getMessage(), *(vars(record)[name] for name in fields if name in vars(record)))
        for record in caplog.records
    ] == [
        ("phone status changed", "connected", True),
        ("phone status changed", "restorable", False),
        ("a collector is failing", "status", "timeout", "a phrase"),
        ("a collector is failing", "status", "tls", "a phrase"),
        ("a collector succeeds again", "status"),
    ]


CONNECTED, RESTORABLE, DISCONNECTED, UNKNOWN = Session


@pytest.mark.parametrize(
    ("before", "now", "level"),
    [
        (None, (CONNECTED, True), "INFO"),
        (None, (CONNECTED, False), "WARNING"),
        (None, (DISCONNECTED, None), "WARNING"),
        ((CONNECTED, True), (CONNECTED, False), "WARNING"),
        ((CONNECTED, True), (CONNECTED, None), "INFO"),
        ((CONNECTED, True), (RESTORABLE, True), "WARNING"),
        ((RESTORABLE, False), (CONNECTED, True), "INFO"),
        ((DISCONNECTED, False), (RESTORABLE, False), "INFO"),
        ((RESTORABLE, True), (UNKNOWN, True), "WARNING"),
        ((RESTORABLE, True), (CONNECTED, False), "WARNING"),
    ],
)
def test_a_phone_status_is_a_warning_where_it_is_worse(
    before: tuple[Session, bool | None] | None,
    now: tuple[Session, bool | None],
    level: str,
    caplog: pytest.LogCaptureFixture,
    clock: ManualClock,
) -> None:
    fleet = Fleet(a_config(VENDAS), clock, [EventLog()])
    if before is not None:
        fleet.record_collected(VENDAS, Collector.STATUS, PhoneStatus(*before))
    caplog.clear()
    caplog.set_level("INFO")
    fleet.record_collected(VENDAS, Collector.STATUS, PhoneStatus(*now))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (level, "phone status changed")
    ]
