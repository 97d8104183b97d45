"""Every way in which the list of an account may misbehave, on a real socket."""

from collections.abc import Iterator

import pytest

from exporter.model.clock import SystemClock
from simulator.list_faults import list_faults, tolerable_lists
from simulator.server import SimulatedZapi
from tests.unit.discovery.rig import PARTNER, Rig, an_account, listing, simulated

NAMES = ("vendas", "suporte", "financeiro")
IDS = tuple(f"ID-{name}" for name in NAMES)


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi(map(simulated, NAMES), clock=SystemClock()) as server:
        server.set_account(listing(*NAMES))
        yield server


@pytest.mark.parametrize("name", list_faults())
def test_a_list_that_misbehaves_changes_no_instance(zapi: SimulatedZapi, name: str) -> None:
    rig = Rig(zapi, an_account(page_size=2), timeout=0.5)
    rig.wait_for(*NAMES)
    zapi.set_account(list_faults()[name](PARTNER, IDS))
    rig.wait_for_source(up=False)
    assert sorted(rig.names()) == sorted(NAMES)
    zapi.set_account(listing(*NAMES))
    rig.daemon.apply(rig.with_accounts(an_account(page_size=2, token=f"{PARTNER}-2")))
    zapi.set_account(listing(*NAMES, token=f"{PARTNER}-2"))
    rig.wait_for_source(up=True)
    assert sorted(rig.names()) == sorted(NAMES)
    rig.daemon.stop(5.0)


@pytest.mark.parametrize("name", tolerable_lists())
def test_a_list_that_is_strange_but_whole_is_taken(zapi: SimulatedZapi, name: str) -> None:
    zapi.set_account(tolerable_lists()[name](PARTNER, IDS))
    rig = Rig(zapi, an_account(page_size=2))
    rig.wait_for_source(up=True)
    assert sorted(rig.names()) == sorted(NAMES)
    rig.daemon.stop(5.0)
