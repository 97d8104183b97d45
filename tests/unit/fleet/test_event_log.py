"""What the log tells of each change, and that it says nothing where nothing changed."""

import logging
from dataclasses import dataclass, field, replace

import pytest

from exporter.fleet.event_log import MOST_NAMED, EventLog, log_changes
from exporter.fleet.store import Fleet
from exporter.model.poll_result import Reading, Reason
from exporter.model.secret import Secret
from tests.builders import a_config, a_failure, a_status, an_instance, some_polling
from tests.clocks import ManualClock

URL = Secret("https://hooks.example.com/CANARY")


@dataclass
class Rig:
    """One instance, and what was logged of it since last asked: level and message, with what the test looks at."""

    log: pytest.LogCaptureFixture
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.instance = an_instance("vendas")
        config = a_config(self.instance, polling=some_polling(interval=60, stale_after=300))
        self.fleet = Fleet(config, self.clock, [EventLog()])

    def poll(self, *readings: Reading) -> list[logging.LogRecord]:
        self.log.clear()
        for reading in readings:
            self.clock.advance(60)
            self.fleet.record(self.instance, reading, 0.25)
        return self.log.records


@pytest.fixture
def rig(caplog: pytest.LogCaptureFixture) -> Rig:
    caplog.set_level(logging.INFO, "exporter.fleet.event_log")
    return Rig(caplog)


def said(records: list[logging.LogRecord]) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in records]


def fields(record: logging.LogRecord) -> dict[str, object]:
    usual = {*vars(logging.makeLogRecord({})), "message"}
    return {key: value for key, value in vars(record).items() if key not in usual}


@pytest.mark.parametrize(("connected", "line"), [(True, "connected"), (False, "not connected")])
def test_the_first_reading_says_how_it_stands(rig: Rig, connected: bool, line: str) -> None:
    level = "INFO" if connected else "WARNING"
    assert said(rig.poll(a_status(connected))) == [(level, line)]


def test_polls_that_change_nothing_say_nothing(rig: Rig) -> None:
    rig.poll(a_status())
    assert said(rig.poll(*[a_status()] * 50)) == []


def test_a_disconnect_is_a_warning_and_a_reconnect_is_not(rig: Rig) -> None:
    rig.poll(a_status())
    assert said(rig.poll(a_status(False), a_status(False))) == [("WARNING", "disconnected")]
    assert said(rig.poll(a_status(), a_status())) == [("INFO", "connected")]


def test_a_disconnect_behind_failing_polls_is_seen(rig: Rig) -> None:
    rig.poll(a_status(), a_failure())
    assert said(rig.poll(a_status(False))) == [("INFO", "polls succeed again"), ("WARNING", "disconnected")]


def test_failing_polls_are_told_once_for_each_reason(rig: Rig) -> None:
    rig.poll(a_status())
    records = rig.poll(*[a_failure(Reason.TIMEOUT)] * 3, *[a_failure(Reason.TLS)] * 3)
    assert said(records) == [("WARNING", "polls are failing")] * 2
    assert fields(records[0]) == {
        "instance": "vendas",
        "reason": "timeout",
        "detail": "a phrase",
        "duration": "0.250s",
    }
    assert fields(records[1])["reason"] == "tls"
    (again,) = rig.poll(a_status())
    assert (again.getMessage(), fields(again)["after"]) == ("polls succeed again", "tls")


def test_values_that_grow_stale_are_told_of_once(rig: Rig) -> None:
    rig.poll(a_status())
    rig.poll(a_failure())
    rig.clock.advance(300)
    for _ in range(3):
        rig.fleet.expire()
    assert said(rig.log.records)[1:] == [("WARNING", "no successful poll for too long; values withdrawn")]


def test_polls_that_stop_altogether_are_told_of_once(rig: Rig) -> None:
    rig.poll(a_status())
    rig.log.clear()
    rig.clock.advance(3600)
    for _ in range(3):
        rig.fleet.expire()
    assert said(rig.log.records) == [("WARNING", "polls have stopped; values withdrawn")]


def test_a_change_of_payment_status_is_told_with_both(rig: Rig) -> None:
    rig.poll(a_status(payment_status="paid"))
    (record,) = rig.poll(a_status(payment_status="overdue"))
    assert said([record]) == [("WARNING", "payment status changed")]
    assert fields(record) == {"instance": "vendas", "was": "paid", "now": "overdue"}
    (unlisted,) = rig.poll(a_status(payment_status="trial"))
    (paid,) = rig.poll(a_status(payment_status="paid"))
    (no_longer_paid,) = rig.poll(a_status(payment_status="trial"))
    assert [each.levelname for each in (unlisted, paid, no_longer_paid)] == ["INFO", "INFO", "WARNING"]


def test_a_changed_webhook_is_told_without_its_url(rig: Rig) -> None:
    rig.poll(a_status(webhooks={"received": URL, "delivery": None}))
    records = rig.poll(a_status(webhooks={"received": None, "delivery": URL}))
    told = [(fields(record)["webhook"], fields(record)["set"]) for record in records]
    assert told == [("delivery", True), ("received", False)]
    assert said(records) == [("INFO", "webhook changed"), ("WARNING", "webhook changed")]
    assert "CANARY" not in str([vars(record) for record in records])


def test_a_webhook_that_only_one_of_two_polls_could_read_has_not_changed(rig: Rig) -> None:
    rig.poll(a_status(webhooks={"received": URL}))
    assert said(rig.poll(a_status(webhooks={"delivery": URL}))) == []


def test_a_webhook_that_is_muted_or_heard_again_is_told(rig: Rig) -> None:
    rig.poll(a_status(muted=frozenset({"received"})))
    records = rig.poll(a_status(muted=frozenset({"delivery"})), a_status(muted=frozenset({"delivery"})))
    assert said(records) == [("WARNING", "webhook filter changed"), ("INFO", "webhook filter changed")]
    told = [(fields(record)["webhook"], fields(record)["muted"]) for record in records]
    assert told == [("delivery", True), ("received", False)]


def test_a_webhook_that_leaves_its_expected_url_is_a_warning(rig: Rig) -> None:
    rig.instance = an_instance("vendas", expected_webhooks={"received": URL})
    rig.fleet.reconfigure(a_config(rig.instance, polling=some_polling(interval=60, stale_after=300)))
    other = Secret("https://elsewhere.example.com/CANARY")
    rig.poll(a_status(webhooks={"received": URL, "delivery": URL}))
    assert said(rig.poll(a_status(webhooks={"received": other, "delivery": other}))) == [
        ("INFO", "webhook changed"),
        ("WARNING", "webhook changed"),
    ]
    rig.poll(a_status(webhooks={"received": URL, "delivery": other}))
    assert said(rig.log.records) == [("INFO", "webhook changed")]


def test_fields_that_cannot_be_read_are_told_of_when_they_are_new(rig: Rig) -> None:
    rig.poll(a_status(unreadable=frozenset({"due"})))
    more = a_status(unreadable=frozenset({"due", "name", "created"}))
    (record,) = rig.poll(more, more)
    assert said([record]) == [("WARNING", "fields of /me could not be read")]
    assert fields(record)["fields"] == "created,name"


def test_each_poll_is_a_line_at_debug(rig: Rig) -> None:
    rig.poll(a_status())
    rig.log.set_level(logging.DEBUG, "exporter.fleet.event_log")
    success, failure = (
        record for record in rig.poll(a_status(), a_failure()) if record.levelno == logging.DEBUG
    )
    assert fields(success) == {"instance": "vendas", "outcome": "success", "duration": "0.250s"}
    assert fields(failure)["outcome"] == "timeout"
    assert success.getMessage() == failure.getMessage() == "polled"


def test_who_came_and_who_went_is_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stays, goes = an_instance("vendas"), an_instance("suporte")
    comes = replace(an_instance("ouvidoria"), source="account:matriz")
    changed = replace(stays, labels={"team": "sales"})
    log_changes("the lists have changed", a_config(stays, goes), a_config(changed, comes))
    assert [(record.getMessage(), fields(record)) for record in caplog.records] == [
        ("the lists have changed", {"instances": 2, "added": 1, "removed": 1, "changed": 1}),
        ("an instance was removed", {"instance": "suporte", "source": "config"}),
        ("an instance was added", {"instance": "ouvidoria", "source": "account:matriz"}),
    ]


def test_a_thousand_that_come_take_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_changes("the lists have changed", a_config(), a_config(*map(an_instance, map(str, range(1000)))))
    assert fields(caplog.records[0])["added"] == 1000
    assert len(caplog.records) == 1 + MOST_NAMED
