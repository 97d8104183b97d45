"""What the log tells of polls that begin late."""

import logging

import pytest

from exporter.poller.poller import LatenessLog

INTERVAL = 60.0


def test_half_an_interval_is_not_late_and_more_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log, told = LatenessLog(), caplog.records
    for lateness in (None, 0.0, INTERVAL / 2):
        log.see(lateness, INTERVAL, 0.0)
    assert told == []
    log.see(INTERVAL / 2 + 0.1, INTERVAL, 0.0)
    (record,) = told
    assert (record.levelname, record.getMessage().partition(":")[0]) == ("WARNING", "polls are late")
    assert (vars(record)["lateness"], vars(record)["interval"]) == ("30.1s", "60s")


def test_lateness_is_told_once_and_ends_after_five_intervals_on_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log, told = LatenessLog(), caplog.records
    for now in (0.0, 100.0):
        log.see(INTERVAL, INTERVAL, now)
    for now in (200.0, 100.0 + 5 * INTERVAL):
        log.see(0.0, INTERVAL, now)
    assert len(told) == 1
    for now in (100.1 + 5 * INTERVAL, 900.0):
        log.see(0.0, INTERVAL, now)
    assert [(record.levelname, record.getMessage()) for record in told[1:]] == [
        ("INFO", "polls are on time again")
    ]
    log.see(INTERVAL, INTERVAL, 1000.0)
    assert len(told) == 3
