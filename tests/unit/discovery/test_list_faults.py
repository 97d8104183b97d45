"""Every way in which the list of an account may misbehave, on a real socket."""

import logging

import pytest

from simulator.list_faults import list_faults, tolerable_lists
from simulator.server import SimulatedZapi
from tests.unit.discovery.rig import NAMES, PARTNER, Rig, an_account, listing

IDS = tuple(f"ID-{name}" for name in NAMES)


@pytest.mark.parametrize("name", list_faults())
def test_a_list_that_misbehaves_changes_no_instance(
    zapi: SimulatedZapi, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What it says is not repeated, as it may hold secrets."""
    caplog.set_level(logging.DEBUG)
    with Rig(zapi, an_account(page_size=2), timeout=0.5) as rig:
        rig.wait_for(*NAMES)
        good = rig.source()["last_success_timestamp_seconds"]
        zapi.set_account(list_faults()[name](PARTNER, IDS))
        rig.wait_for_source(up=False)
        shown = rig.source()
        assert (shown["instances"], shown["up"]) == (3, 0)
        assert shown["last_success_timestamp_seconds"] >= good
        assert sorted(rig.names()) == sorted(NAMES)
        assert "CANARY" not in rig.exposition()
        zapi.set_account(listing(*NAMES))
        rig.daemon.apply(rig.with_accounts(an_account(page_size=2, token=f"{PARTNER}-2")))
        zapi.set_account(listing(*NAMES, token=f"{PARTNER}-2"))
        rig.wait_for_source(up=True)
        assert sorted(rig.names()) == sorted(NAMES)
    assert "CANARY" not in "\n".join(str(vars(record)) for record in caplog.records)


@pytest.mark.parametrize("name", tolerable_lists())
def test_a_list_that_is_strange_but_whole_is_taken(zapi: SimulatedZapi, name: str) -> None:
    zapi.set_account(tolerable_lists()[name](PARTNER, IDS))
    with Rig(zapi, an_account(page_size=2)) as rig:
        rig.wait_for_source(up=True)
        assert sorted(rig.names()) == sorted(NAMES)
