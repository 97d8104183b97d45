"""What the log says of instances that come and go."""

import logging
from dataclasses import replace

import pytest

from exporter.fleet.event_log import MOST_NAMED, log_changes
from tests.builders import a_config, an_instance


def _named(caplog: pytest.LogCaptureFixture) -> list[tuple[str, object, object]]:
    return [
        (record.message, record.__dict__["instance"], record.__dict__["source"])
        for record in caplog.records[1:]
    ]


def test_who_came_and_who_went_is_named(caplog: pytest.LogCaptureFixture) -> None:
    stays, goes, comes = an_instance("vendas"), an_instance("suporte"), an_instance("ouvidoria")
    comes = replace(comes, source="account:matriz")
    caplog.set_level(logging.INFO)

    changed = replace(stays, labels={"team": "sales"})
    log_changes("the lists have changed", a_config(stays, goes), a_config(changed, comes))

    first = vars(caplog.records[0])
    assert first["message"] == "the lists have changed"
    counts = {"instances": 2, "added": 1, "removed": 1, "changed": 1}
    assert counts.items() <= first.items()
    assert _named(caplog) == [
        ("an instance was removed", "suporte", "config"),
        ("an instance was added", "ouvidoria", "account:matriz"),
    ]


def test_a_thousand_that_come_take_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    many = [an_instance(f"number {each}") for each in range(1000)]

    log_changes("the lists have changed", a_config(), a_config(*many))

    assert caplog.records[0].__dict__["added"] == 1000
    assert len(_named(caplog)) == MOST_NAMED
