"""Accounts end to end in one process: a simulated partner API on a real socket, a daemon that polls what it lists."""

import gc
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal
from unicodedata import normalize

import pytest

from exporter.demo.accounts import PARTNER_TOKEN_REFUSED
from exporter.demo.faults import Exchange, Fault, answer, html_error, message, rate_limited
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.settings import Account, Instance
from exporter.model.shard import Shard
from exporter.zapi.client import KnownInstance
from harness.waiting import wait_until
from simulator.server import SimulatedZapi
from simulator.wire_faults import reset_before_reply, short_body
from tests.builders import an_instance
from tests.unit.discovery.rig import PARTNER, Rig, an_account, listing, simulated

NAMES = ("vendas", "suporte", "financeiro")


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi(map(simulated, NAMES), clock=SystemClock()) as server:
        server.set_account(listing(*NAMES))
        yield server


@contextmanager
def rig_of(zapi: SimulatedZapi, *accounts: Account, **options: Any) -> Iterator[Rig]:
    rig = Rig(zapi, *(accounts or (an_account(),)), **options)
    try:
        yield rig
    finally:
        rig.daemon.stop(5.0)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "account"]


def configured(name: str, *, called: str = "", **fields: Any) -> Instance:
    return an_instance(called or name, instance_id=f"ID-{name}", token=f"TOKEN-CANARY-{name}", **fields)


def test_every_listed_instance_is_polled(zapi: SimulatedZapi) -> None:
    account = an_account(
        labels={"team": "sales"}, expected_webhooks={"received": None}, client_token=Secret("CT")
    )
    with rig_of(zapi, account) as rig:
        rig.wait_for(*NAMES)
        assert rig.daemon.is_ready()
        assert zapi.last_headers("ID-vendas")["client-token"] == "CT"
        assert 'zapi_instance_webhook_as_expected{name="vendas",team="sales",webhook="received"} 0' in (
            rig.exposition()
        )
        shown = rig.source()
        assert shown.pop("last_success_timestamp_seconds") > 1.7e9
        assert shown == {"up": 1, "instances": 3, "skipped_instances": 0}


@pytest.mark.slow
def test_a_thousand_instances_on_fifty_pages_are_polled() -> None:
    names = [f"n{number}" for number in range(1000)]
    with SimulatedZapi(map(simulated, names), clock=SystemClock()) as zapi:
        zapi.set_account(listing(*names))
        with rig_of(zapi, an_account(refresh=600.0)) as rig:
            wait_until(lambda: len(rig.names()) == 1000, patience=60.0)
            wait_until(rig.daemon.is_ready, patience=120.0)
            assert list(zapi.list_requests) == [
                f"/instances?page={page}&pageSize=20" for page in range(1, 51)
            ]


def test_instances_that_are_made_and_deleted_come_and_go(zapi: SimulatedZapi) -> None:
    with rig_of(zapi) as rig:
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
        return [
            known
            for known in gc.get_objects()
            if isinstance(known, KnownInstance) and known.instance.name == name
        ]

    with rig_of(zapi) as rig:
        rig.wait_for(*NAMES)
        (before,) = kept("vendas")
        zapi.set_account(listing("vendas", "financeiro"))
        rig.wait_for("vendas", "financeiro")
        wait_until(lambda: not kept("suporte"))
        assert kept("vendas") == [before]


def test_what_did_not_change_keeps_its_state_and_schedule(zapi: SimulatedZapi) -> None:
    with rig_of(zapi) as rig:
        rig.wait_for(*NAMES)
        before = rig.daemon.fleet.view("vendas")
        zapi.set_account(listing("vendas", "suporte"))
        wait_until(lambda: len(rig.names()) == 2)
        after = rig.daemon.fleet.view("vendas")
        assert before is not None
        assert after is not None
        assert after.polls >= before.polls > 0
        assert after.instance is before.instance


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (answer("401", 401, PARTNER_TOKEN_REFUSED), "unauthorized"),
        (answer("403", 403, b'{"error":"Client-Token PARTNER-CANARY not allowed"}'), "unauthorized"),
        (answer("403", 403, b'{"error":"Forbidden"}'), "forbidden"),
        (rate_limited("1"), "rate_limited"),
        (html_error(502), "server_error"),
        (answer("302", 302, b"", headers=(("Location", "http://127.0.0.1:9/"),)), "redirected"),
        (answer("200", 200, b'{"error":"not today"}'), "invalid_response"),
        (answer("200", 200, b'{"total":3,"totalPage":1,"content":[]}'), "invalid_response"),
        (answer("200", 200, b'{"total":0,"totalPage":0,"content":[]}'), "invalid_response"),
        (answer("200", 200, b"[" * 5000), "invalid_response"),
        (answer("200", 200, b" " * (1 << 20) + b" "), "too_large"),
        (reset_before_reply(), "connect"),
        (short_body(), "invalid_response"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else value,
)
@pytest.mark.parametrize("page", [1, 2])
def test_an_outage_of_the_list_is_told_and_loses_none(
    zapi: SimulatedZapi, fault: Fault, reason: str, page: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with rig_of(zapi, an_account(page_size=2)) as rig:
        rig.wait_for(*NAMES)
        good = rig.source()["last_success_timestamp_seconds"]
        zapi.set_account(listing(*NAMES, faults={page: fault}))
        rig.wait_for_source(up=False)
        shown = rig.source()
        assert (shown["instances"], shown["up"]) == (3, 0)
        assert shown["last_success_timestamp_seconds"] >= good
        rig.wait_for(*NAMES)
        assert reason in [getattr(record, "reason", None) for record in caplog.records]
        assert "CANARY" not in rig.exposition()
    assert "CANARY" not in "\n".join(str(vars(record)) for record in caplog.records)


def test_a_list_that_comes_back_is_told_too(zapi: SimulatedZapi) -> None:
    with rig_of(zapi) as rig:
        rig.wait_for(*NAMES)
        zapi.set_account(listing(*NAMES, faults={None: html_error(503)}))
        rig.wait_for_source(up=False)
        zapi.set_account(listing(*NAMES))
        rig.wait_for_source(up=True)


def test_a_start_during_an_outage_adds_the_account_later(zapi: SimulatedZapi) -> None:
    """A start during an outage is ready and adds the account when it answers."""

    zapi.set_account(listing(*NAMES, faults={None: html_error(503)}))
    with rig_of(zapi, configured=[configured("vendas")]) as rig:
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
    with rig_of(zapi, an_account(), an_account("filial", token="OTHER")) as rig:
        rig.wait_for("suporte")
        rig.wait_for_source("account:filial", up=True)
        assert "up" not in rig.source()


def test_an_account_with_none_is_a_good_source(zapi: SimulatedZapi) -> None:
    zapi.set_account(listing())
    with rig_of(zapi) as rig:
        rig.wait_for_source(up=True)
        assert rig.source()["instances"] == 0
        assert rig.daemon.is_ready()


def test_an_instance_without_a_token_is_skipped_and_counted(zapi: SimulatedZapi) -> None:
    def without(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "token": ""} if item["name"] == "vendas" else item

    zapi.set_account(listing(*NAMES, change=without))
    with rig_of(zapi) as rig:
        rig.wait_for("suporte", "financeiro")
        assert rig.source()["skipped_instances"] == 1
        assert rig.source()["instances"] == 2


def test_pages_that_shift_while_they_are_read_give_the_whole_list(zapi: SimulatedZapi) -> None:
    deleted = listing("suporte", "financeiro")

    def shift(exchange: Exchange) -> Iterator[bytes]:
        zapi.set_account(deleted)
        yield message(200, exchange.body)

    zapi.set_account(listing(*NAMES, faults={1: Fault("shift", shift)}))
    with rig_of(zapi, an_account(page_size=1, refresh=600.0)) as rig:
        rig.wait_for("suporte", "financeiro")
        assert rig.source()["up"] == 1


def test_two_accounts_that_share_an_instance_poll_it_once_for_the_first(zapi: SimulatedZapi) -> None:
    zapi.set_account(listing("suporte", "financeiro", token="OTHER"))
    accounts = [
        an_account(labels={"of": "matriz"}, include=("vendas", "suporte")),
        an_account("filial", token="OTHER", labels={"of": "filial"}),
    ]
    with rig_of(zapi, *accounts) as rig:
        rig.wait_for(*NAMES)
        wait_until(lambda: len(zapi.list_requests) > 4)
        assert 'zapi_instance_up{name="suporte",of="matriz"} 1' in rig.exposition()
        assert rig.source("account:filial")["instances"] == 1


def test_an_instance_of_the_configuration_is_polled_as_written(zapi: SimulatedZapi) -> None:
    """An instance that the configuration names is polled as written there."""

    mine = configured("vendas", called="a minha", labels={"team": "sales"})
    with rig_of(zapi, an_account(labels={"team": "all"}), configured=[mine]) as rig:
        rig.wait_for("a minha", "suporte", "financeiro")
        assert 'zapi_instance_up{name="a minha",team="sales"} 1' in rig.exposition()


def test_a_name_of_the_configuration_is_left_to_it(zapi: SimulatedZapi) -> None:
    with rig_of(zapi, configured=[configured("suporte", called="vendas")]) as rig:
        rig.wait_for("vendas", "vendas (ID-vendas)", "financeiro")


def test_patterns_say_which_instances_are_polled(zapi: SimulatedZapi) -> None:
    with rig_of(zapi, an_account(include=("*a*", "suporte"), exclude=("fin*",))) as rig:
        rig.wait_for("vendas", "suporte")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_pattern_matches_an_accent_in_either_form(zapi: SimulatedZapi, form: Literal["NFC", "NFD"]) -> None:
    zapi.update("ID-vendas", name=normalize("NFD", "recepção"))
    zapi.update("ID-suporte", name=normalize("NFC", "recepção 2"))
    with rig_of(zapi, an_account(include=(normalize(form, "recepção*"),))) as rig:
        rig.wait_for(normalize("NFD", "recepção"), normalize("NFC", "recepção 2"))


def test_a_renamed_instance_takes_its_new_name(zapi: SimulatedZapi) -> None:
    with rig_of(zapi) as rig:
        rig.wait_for(*NAMES)
        zapi.update("ID-vendas", name='Loja "7"\n<b>')
        rig.wait_for('Loja "7"\n<b>', "suporte", "financeiro")
        assert 'zapi_instance_up{name="Loja \\"7\\"\\n<b>"} 1' in rig.exposition()


@pytest.mark.parametrize(
    "name", ["", PARTNER, "TOKEN-CANARY-vendas", "x TOKEN-CANARY-suporte", "partner%2Dcanary"]
)
def test_a_name_that_is_empty_or_repeats_a_secret_is_not_shown(zapi: SimulatedZapi, name: str) -> None:
    def change(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "name": name} if item["name"] == "vendas" else item

    zapi.set_account(listing(*NAMES, change=change))
    with rig_of(zapi) as rig:
        rig.wait_for("ID-vendas", "suporte", "financeiro")
        assert "canary" not in rig.exposition().lower()


def test_an_instance_that_moves_to_the_configuration_keeps_its_counters(zapi: SimulatedZapi) -> None:
    with rig_of(zapi) as rig:
        rig.wait_for(*NAMES)
        before = rig.daemon.fleet.view("vendas")
        rig.daemon.apply(rig.with_accounts(an_account(), configured=[configured("vendas")]))
        after = rig.daemon.fleet.view("vendas")
        assert before is not None
        assert after is not None
        assert after.polls >= before.polls > 0
        assert after.instance.source == "config"
        assert sorted(rig.names()) == sorted(NAMES)


def test_a_reload_adds_and_removes_accounts(zapi: SimulatedZapi) -> None:
    zapi.set_account(listing("financeiro", token="OTHER"))
    zapi.set_account(listing("vendas"))
    with rig_of(zapi) as rig:
        rig.wait_for("vendas")
        rig.daemon.apply(rig.with_accounts(an_account("filial", token="OTHER")))
        rig.wait_for("financeiro")
        assert rig.source() == {}
        wait_until(lambda: len(readers()) == 1)
    wait_until(lambda: readers() == [])


def test_a_new_partner_token_reads_at_once_and_keeps_the_known(
    zapi: SimulatedZapi,
) -> None:
    """A reload with another partner token reads at once and keeps what is known."""

    with rig_of(zapi, an_account(refresh=600.0)) as rig:
        rig.wait_for(*NAMES)
        rig.daemon.apply(rig.with_accounts(an_account(token="WRONG", refresh=600.0)))
        rig.wait_for_source(up=False)
        assert sorted(rig.names()) == sorted(NAMES)
        rig.daemon.apply(rig.with_accounts(an_account(refresh=600.0)))
        rig.wait_for_source(up=True)


def test_a_reload_without_a_change_reads_no_list(zapi: SimulatedZapi) -> None:
    with rig_of(zapi, an_account(refresh=600.0)) as rig:
        rig.wait_for(*NAMES)
        rig.daemon.apply(rig.with_accounts(an_account(refresh=600.0, labels={"team": "x"})))
        rig.wait_for(*NAMES)
        assert 'zapi_instance_up{name="vendas",team="x"} 1' in rig.exposition()
        assert len(zapi.list_requests) == 1


def test_each_shard_polls_its_own_and_together_they_poll_all(zapi: SimulatedZapi) -> None:
    seen = []
    for index in range(2):
        with rig_of(zapi, shard=Shard(index, 2)) as rig:
            wait_until(rig.daemon.is_ready)
            rig.wait_for_source(up=True)
            assert rig.source()["instances"] == 3
            seen += rig.names()
    assert sorted(seen) == sorted(NAMES)


def test_a_wait_that_the_server_asks_for_is_kept(zapi: SimulatedZapi) -> None:
    zapi.set_account(listing(*NAMES, faults={None: rate_limited("200")}))
    with rig_of(zapi, configured=[configured("vendas")]) as rig:
        rig.wait_for_source(up=False)
        polled = zapi.requests["ID-vendas"]
        wait_until(lambda: zapi.requests["ID-vendas"] >= polled + 3)
        assert len(zapi.list_requests) == 1


def test_what_an_account_collects_is_asked_of_its_instances(zapi: SimulatedZapi) -> None:
    with rig_of(zapi, an_account(collect=frozenset({Collector.STATUS}))) as rig:
        rig.wait_for(*NAMES)
        wait_until(lambda: 'zapi_instance_phone_online{name="vendas"} 1' in rig.exposition())


def test_nothing_is_written_to_disk_unless_asked_for(
    zapi: SimulatedZapi, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with rig_of(zapi) as rig:
        rig.wait_for(*NAMES)
    assert os.listdir(tmp_path) == []


def test_a_start_without_the_list_has_the_one_that_was_kept(zapi: SimulatedZapi, tmp_path: Any) -> None:
    folder = tmp_path / "lists"
    with rig_of(zapi, cache=folder) as rig:
        rig.wait_for(*NAMES)
        good = rig.source()["last_success_timestamp_seconds"]
        wait_until(lambda: list(folder.glob("account-*.json")) != [])
    (file,) = folder.glob("account-*.json")  # beside it may be the file that is to replace it
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    zapi.set_account(listing(*NAMES, faults={None: html_error(503)}))
    with rig_of(zapi, cache=folder) as rig:
        assert sorted(rig.names()) == sorted(NAMES)
        rig.wait_for(*NAMES)
        rig.wait_for_source(up=False)
        assert rig.source()["last_success_timestamp_seconds"] >= good
        zapi.set_account(listing("vendas"))
        rig.wait_for("vendas")


def test_a_kept_list_is_not_forgotten_for_an_empty_one(zapi: SimulatedZapi, tmp_path: Any) -> None:
    with rig_of(zapi, cache=tmp_path) as rig:
        rig.wait_for(*NAMES)
        wait_until(lambda: any(not name.startswith(".") for name in os.listdir(tmp_path)))
    zapi.set_account(listing())
    with rig_of(zapi, cache=tmp_path) as rig:
        rig.wait_for_readings()
        rig.wait_for_source(up=False)
        assert sorted(rig.names()) == sorted(NAMES)


def test_a_partner_token_goes_nowhere_but_to_the_list(zapi: SimulatedZapi) -> None:
    with rig_of(zapi) as rig:
        rig.wait_for(*NAMES)
        assert "authorization" not in zapi.last_headers("ID-vendas")
        assert not any(PARTNER in target for target in zapi.list_requests)


def test_an_instance_that_a_changed_filter_leaves_out_goes_with_the_reload(zapi: SimulatedZapi) -> None:
    with rig_of(zapi, an_account(refresh=600.0)) as rig:
        rig.wait_for(*NAMES)
        rig.daemon.apply(replace(rig.config, accounts=(an_account(refresh=600.0, exclude=("v*",)),)))
        assert sorted(rig.names()) == ["financeiro", "suporte"]
