"""Accounts end to end in one process: a simulated partner API on a real socket, a daemon that polls what it lists."""

import gc
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from exporter.demo.faults import Fault, html_error
from exporter.fleet.store import Fleet
from exporter.model.account_list import ListPage
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure
from exporter.model.secret import Secret
from exporter.model.settings import Account, Config
from exporter.zapi.client import KnownInstance, ZapiClient
from harness.waiting import wait_until
from simulator.list_faults import list_faults, tolerable_lists
from simulator.server import SimulatedZapi
from tests.builders import an_instance
from tests.unit.discovery.rig import NAMES, PARTNER, Rig, an_account, listing, simulated


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi(map(simulated, NAMES), clock=SystemClock()) as server:
        server.set_account(listing(*NAMES))
        yield server


IDS = tuple(f"ID-{name}" for name in NAMES)
CONFIGURED = an_instance("vendas", instance_id="ID-vendas", token="TOKEN-CANARY-vendas")


def test_every_listed_instance_is_polled(zapi: SimulatedZapi) -> None:
    account = an_account(labels={"team": "sales"}, client_token=Secret("CT"))
    with Rig(zapi, account) as rig:
        rig.wait_for(*NAMES)
        assert rig.daemon.is_ready()
        assert zapi.last_headers("ID-vendas")["client-token"] == "CT"
        assert "authorization" not in zapi.last_headers("ID-vendas")
        assert not any(PARTNER in target for target in zapi.list_requests)
        assert 'zapi_instance_up{name="vendas",team="sales"} 1' in rig.exposition()
        shown = rig.source()
        assert shown.pop("last_success_timestamp_seconds") > 1.7e9
        assert shown == {"up": 1, "instances": 3, "skipped_instances": 0}


def test_nothing_is_ready_before_the_listed_instances_are_watched(
    zapi: SimulatedZapi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that was read is applied a moment later: until then no instance is left to be polled."""
    may_be_applied, reconfigure = threading.Event(), Fleet.reconfigure

    def late(fleet: Fleet, config: Config) -> None:
        if config.instances:
            may_be_applied.wait(60.0)
        reconfigure(fleet, config)

    monkeypatch.setattr(Fleet, "reconfigure", late)
    with Rig(zapi) as rig:
        wait_until(lambda: rig.daemon.discovery.lists()["matriz"].is_read)
        assert not rig.daemon.has_all_lists()
        assert not rig.daemon.is_ready()
        may_be_applied.set()
        rig.wait_for(*NAMES)
        assert rig.daemon.is_ready()


def test_a_list_that_a_reload_adds_is_awaited(zapi: SimulatedZapi, monkeypatch: pytest.MonkeyPatch) -> None:
    may_be_read, list_page = threading.Event(), ZapiClient.list_page

    def late(client: ZapiClient, account: Account, page: int) -> ListPage | Failure:
        may_be_read.wait(60.0)
        return list_page(client, account, page)

    with Rig(zapi) as rig:
        rig.wait_for(*NAMES)
        assert rig.daemon.has_all_lists()
        monkeypatch.setattr(ZapiClient, "list_page", late)
        rig.daemon.apply(rig.with_accounts(an_account(), an_account("filial")))
        assert not rig.daemon.has_all_lists()
        may_be_read.set()
        wait_until(rig.daemon.has_all_lists)


def test_the_lists_are_read_at_once_where_the_api_has_changed(zapi: SimulatedZapi) -> None:
    account = an_account(refresh=600.0)
    with Rig(zapi, account) as rig:
        rig.wait_for(*NAMES)
        config, read = rig.with_accounts(account), len(zapi.list_requests)
        rig.daemon.apply(config)
        assert len(zapi.list_requests) == read
        rig.daemon.apply(replace(config, api=replace(config.api, timeout=5.0)))
        wait_until(lambda: len(zapi.list_requests) > read)


def test_instances_that_are_made_and_deleted_come_and_go(zapi: SimulatedZapi) -> None:
    with Rig(zapi) as rig:
        rig.wait_for(*NAMES)
        zapi.add(simulated("compras"))
        zapi.set_account(listing("compras", *NAMES))
        rig.wait_for("compras", *NAMES)
        zapi.set_account(listing("compras"))
        rig.wait_for("compras")
        assert 'name="vendas"' not in rig.exposition()


def test_nothing_is_kept_of_an_instance_that_is_gone(zapi: SimulatedZapi) -> None:
    """Its token and its last reply are forgotten: trials come and go every two days, and no reload clears them.

    What is kept of the others stays.
    """

    def kept(name: str) -> list[KnownInstance]:
        gc.collect()
        known = (item for item in gc.get_objects() if isinstance(item, KnownInstance))
        return [item for item in known if item.instance.name == name]

    with Rig(zapi) as rig:
        rig.wait_for(*NAMES)
        (before,) = kept("vendas")
        zapi.set_account(listing("vendas", "financeiro"))
        rig.wait_for("vendas", "financeiro")
        wait_until(lambda: not kept("suporte"))
        assert kept("vendas") == [before]


def test_an_instance_that_moves_to_the_configuration_keeps_its_state(zapi: SimulatedZapi) -> None:
    with Rig(zapi) as rig:
        rig.wait_for(*NAMES)
        before = rig.view("vendas")
        zapi.set_account(listing("vendas", "suporte"))
        wait_until(lambda: len(rig.names()) == 2)
        stayed = rig.view("vendas")
        assert stayed.instance is before.instance
        rig.daemon.apply(rig.with_accounts(an_account(), configured=[CONFIGURED]))
        moved = rig.view("vendas")
        assert moved.instance.source == "config"
        assert moved.polls >= stayed.polls >= before.polls > 0
        assert sorted(rig.names()) == ["suporte", "vendas"]


def test_a_start_during_an_outage_adds_the_account_later(zapi: SimulatedZapi) -> None:
    zapi.set_account(listing(*NAMES, faults={None: html_error(503)}))
    with Rig(zapi, configured=[CONFIGURED]) as rig:
        wait_until(rig.daemon.is_ready)
        assert rig.names() == ["vendas"]
        rig.wait_for_source(up=False)
        assert rig.source() == {"up": 0, "instances": 0, "skipped_instances": 0}
        zapi.set_account(listing(*NAMES))
        rig.wait_for(*NAMES)


def test_one_account_that_hangs_stops_no_other(zapi: SimulatedZapi) -> None:
    hanging = Fault("silence", lambda exchange: iter(()))
    zapi.set_account(listing("vendas", faults={None: hanging}))
    zapi.set_account(listing("suporte", token="OTHER"))
    with Rig(zapi, an_account(), an_account("filial", token="OTHER")) as rig:
        rig.wait_for("suporte")
        rig.wait_for_source("account:filial", up=True)
        assert "up" not in rig.source()


def test_a_reload_adds_and_removes_accounts(zapi: SimulatedZapi) -> None:
    def readers() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "account"]

    zapi.set_account(listing("financeiro", token="OTHER"))
    zapi.set_account(listing("vendas"))
    with Rig(zapi) as rig:
        rig.wait_for("vendas")
        rig.daemon.apply(rig.with_accounts(an_account("filial", token="OTHER")))
        rig.wait_for("financeiro")
        assert rig.source() == {}
        wait_until(lambda: len(readers()) == 1)
    wait_until(lambda: readers() == [])


def test_a_start_without_the_list_has_the_one_that_was_kept(zapi: SimulatedZapi, tmp_path: Any) -> None:
    with Rig(zapi, cache=tmp_path) as rig:
        rig.wait_for(*NAMES)
        good = rig.source()["last_success_timestamp_seconds"]
        wait_until(lambda: list(tmp_path.glob("account-*.json")) != [])
    zapi.set_account(listing(*NAMES, faults={None: html_error(503)}))
    with Rig(zapi, cache=tmp_path) as rig:
        assert sorted(rig.names()) == sorted(NAMES)
        rig.wait_for(*NAMES)
        rig.wait_for_source(up=False)
        assert rig.source()["last_success_timestamp_seconds"] >= good
        zapi.set_account(listing("vendas"))
        rig.wait_for("vendas")


@pytest.mark.parametrize("name", list_faults())
def test_a_bad_list_changes_nothing(zapi: SimulatedZapi, name: str, caplog: pytest.LogCaptureFixture) -> None:
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
