"""Reloads of a running daemon that polls the simulated Z-API over real HTTP."""

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from exporter.config.problem import InvalidConfig, Problem
from exporter.daemon import Daemon
from exporter.fleet.store import InstanceView
from exporter.metrics.exposition import Format
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.settings import Account, Config, Instance
from exporter.poller.collectors import CollectorLimits
from exporter.reloader import Reloader
from harness.waiting import wait_until
from simulator.server import SimulatedZapi
from simulator.wire_faults import held_until
from tests.builders import a_config, a_simulated, an_instance, server_tls, some_polling

NAMES = ("vendas", "suporte", "financeiro")


class Rig:
    """A daemon, and the configuration it is given at the next load: a value, or what the load raises."""

    def __init__(
        self, zapi: SimulatedZapi, *names: str, interval: float = 60.0, ca_pem: str | None = None
    ) -> None:
        self.zapi, polling = zapi, some_polling(interval)
        self.next: Config | Exception = a_config(
            *map(an_instance, names), base_url=zapi.base_url, ca_pem=ca_pem, polling=polling
        )
        telemetry = Telemetry()
        self.daemon = Daemon(self.next, SystemClock(), telemetry)
        self.reloader = Reloader(self._load, self.daemon, telemetry)
        self.daemon.start()
        wait_until(self.daemon.is_ready)

    def _load(self) -> Config:
        if isinstance(self.next, Exception):
            raise self.next
        return self.next

    @property
    def config(self) -> Config:
        assert isinstance(self.next, Config)
        return self.next

    def reload(self, instances: Sequence[Instance] | None = None, **changes: object) -> tuple[str, ...]:
        chosen = self.config.instances if instances is None else tuple(instances)
        self.next = replace(self.config, instances=chosen, **changes)  # type: ignore[arg-type]
        return self.reloader.reload()

    def poll_now(self, name: str) -> None:
        poll = self.daemon.poller.request_poll(name)
        assert poll is not None
        poll.result(120)

    def view(self, name: str) -> InstanceView:
        view = self.daemon.fleet.view(name)
        assert view is not None
        return view

    def metric(self, name: str) -> float:
        text = self.daemon.scrapes.render(Format.TEXT, gzip=False).whole().decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found is not None, name
        return float(found[1])

    def requests(self, name: str) -> int:
        return self.zapi.requests[f"ID-{name}"]


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi(map(a_simulated, NAMES), clock=SystemClock()) as server:
        yield server


@pytest.fixture
def rig(zapi: SimulatedZapi) -> Iterator[Rig]:
    started = Rig(zapi, "vendas", "suporte")
    yield started
    started.daemon.stop(5.0)


def test_a_removed_instance_vanishes_and_is_polled_no_more(zapi: SimulatedZapi) -> None:
    rig = Rig(zapi, "vendas", "suporte", interval=0.1)
    rig.reload([an_instance("suporte")])
    assert rig.daemon.fleet.view("vendas") is None
    assert b"vendas" not in rig.daemon.scrapes.render(Format.TEXT, gzip=False).whole()
    assert rig.metric("zapi_exporter_instances") == 1
    wait_until(lambda: zapi.in_flight == 0)
    polled, other = rig.requests("vendas"), rig.requests("suporte")
    wait_until(lambda: rig.requests("suporte") >= other + 3)
    assert rig.requests("vendas") <= polled + 1  # one may have begun before the reload
    rig.daemon.stop(5.0)


def test_an_added_instance_is_polled_at_once(rig: Rig) -> None:
    rig.reload([*rig.config.instances, an_instance("financeiro")])
    wait_until(lambda: rig.view("financeiro").up is True)
    assert rig.requests("vendas") == rig.requests("suporte") == 1
    assert rig.daemon.is_ready()


def test_a_changed_token_is_used_by_the_next_poll(rig: Rig, zapi: SimulatedZapi) -> None:
    zapi.update("ID-vendas", token="RENEWED")
    rig.reload([an_instance("vendas", token="RENEWED"), an_instance("suporte")])
    assert rig.requests("vendas") == 1
    rig.poll_now("vendas")
    assert (rig.view("vendas").up, rig.view("vendas").polls) == (True, 2)


def test_a_new_token_after_a_refused_one_is_tried_at_once(rig: Rig, zapi: SimulatedZapi) -> None:
    zapi.update("ID-vendas", token="RENEWED")
    rig.poll_now("vendas")
    assert rig.view("vendas").up is False
    rig.reload([an_instance("vendas", token="RENEWED"), an_instance("suporte")])
    wait_until(lambda: rig.view("vendas").up is True)
    assert rig.view("vendas").polls == 3


def test_a_poll_in_flight_finishes_and_counts(zapi: SimulatedZapi, rig: Rig) -> None:
    reply = threading.Event()
    zapi.set_fault("ID-vendas", held_until(reply))
    asked = threading.Thread(target=rig.poll_now, args=("vendas",))
    asked.start()
    zapi.wait_for("the poll", lambda server: server.in_flight == 1)
    rig.reload(api=replace(rig.config.api, timeout=30.0))
    assert zapi.in_flight == 1
    reply.set()
    asked.join(120)
    assert rig.view("vendas").polls == 2
    assert rig.view("vendas").up is True


def test_polls_are_not_stuck_before_the_longest_possible_one_is_over(rig: Rig) -> None:
    """A poll in flight ends by the configuration that it began with; each collector asks once more."""
    everything = an_instance("vendas", collect=frozenset(Collector))
    rig.reload([everything], api=replace(rig.config.api, timeout=3600.0))
    rig.reload([an_instance("vendas")], api=replace(rig.config.api, timeout=5.0))
    assert rig.daemon.is_stuck(-10_801.0)
    assert not rig.daemon.is_stuck(-9_000.0)


def test_nobody_waits_for_an_instance_removed_before_its_poll(rig: Rig) -> None:
    """All workers are busy, so that the poll asked for waits in the queue."""
    rig.reload(polling=some_polling(concurrency=1))
    reply = threading.Event()
    rig.zapi.set_fault("ID-suporte", held_until(reply))
    first = threading.Thread(target=rig.poll_now, args=("suporte",))
    first.start()
    rig.zapi.wait_for("the poll", lambda server: server.in_flight == 1)
    second = threading.Thread(target=rig.poll_now, args=("vendas",))
    second.start()
    wait_until(lambda: "vendas" in rig.daemon.poller._waiting)
    rig.reload([an_instance("suporte")])
    second.join(120)
    assert not second.is_alive()
    assert first.is_alive()
    reply.set()
    first.join(120)


WRONG = [Problem("config.yaml", line, f"instances[{line}]", "is wrong") for line in (1, 2)]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidConfig(WRONG), [f"config.yaml:{line}: instances[{line}]: is wrong" for line in (1, 2)]),
        (RuntimeError("canary"), ["an unexpected error of the exporter itself; see the log"]),
        (None, ["the proxy in the environment (HTTPS_PROXY) is not a usable http:// or https:// URL"]),
    ],
    ids=["a bad configuration", "an unexpected error", "a proxy that cannot be used"],
)
def test_a_reload_that_fails_changes_nothing_and_tells_all_that_is_wrong(
    rig: Rig,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    told: list[str],
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "no-scheme://user:canary@proxy")
    before, config, loaded = rig.daemon.fleet.views(), rig.daemon.config, rig.config
    rig.next = error or replace(loaded, api=replace(loaded.api, base_url="https://zapi.example.com"))
    problems = rig.reloader.reload()
    assert [problem.partition(": it has")[0] for problem in problems] == told
    assert (rig.daemon.fleet.views(), rig.daemon.config) == (before, config)
    assert rig.metric("zapi_exporter_config_last_reload_successful") == 0
    records = [vars(record) for record in caplog.records]
    logged = [(record["msg"], record["problem"]) for record in records if "problem" in record]
    assert logged == [("the configuration was not reloaded", problem) for problem in problems]
    assert ("RuntimeError" in str(records)) is isinstance(error, RuntimeError)
    assert "canary" not in str(records)
    rig.next = loaded
    assert rig.reloader.reload() == ()
    assert rig.metric("zapi_exporter_config_last_reload_successful") == 1


def test_renewed_authorities_are_trusted_after_a_reload() -> None:
    old, new = trustme.CA(), trustme.CA()
    with SimulatedZapi([a_simulated()], clock=SystemClock(), tls=server_tls(new)) as zapi:
        rig = Rig(zapi, "vendas", interval=0.2, ca_pem=old.cert_pem.bytes().decode())
        assert rig.view("vendas").up is False
        rig.reload(api=replace(rig.config.api, ca_pem=new.cert_pem.bytes().decode()))
        wait_until(lambda: rig.view("vendas").up is True)
        rig.daemon.stop(5.0)


def test_a_changed_address_is_asked_for_everything(rig: Rig) -> None:
    before = rig.requests("vendas")
    with SimulatedZapi([a_simulated()], clock=SystemClock()) as other:
        everything = an_instance("vendas", collect=frozenset(Collector))
        rig.reload([everything], api=replace(rig.config.api, base_url=other.base_url))
        rig.poll_now("vendas")
        wait_until(lambda: rig.view("vendas").collected.keys() == set(Collector))
    assert rig.requests("vendas") == before


def test_an_unchanged_instance_keeps_all_but_its_connection(rig: Rig, zapi: SimulatedZapi) -> None:
    """The address of the API may have changed, even where the configuration has not: a single one is made anew."""
    before, connections = rig.view("vendas"), zapi.connections
    assert rig.reload() == ()
    assert rig.view("vendas") == before
    assert rig.requests("vendas") == 1
    for _ in range(3):
        rig.poll_now("vendas")
    assert zapi.connections == connections + 1


def test_a_changed_api_leaves_no_connection_behind(rig: Rig, zapi: SimulatedZapi) -> None:
    for timeout in range(2, 30):
        rig.reload(api=replace(rig.config.api, timeout=float(timeout)))
        rig.poll_now("vendas")
    zapi.wait_for("the old connections to end", lambda server: server.open_connections <= 2)


def test_it_is_ready_without_instances_until_it_stops() -> None:
    daemon = Daemon(a_config(), SystemClock(), Telemetry())
    assert daemon.is_ready()
    daemon.stop(0.0)
    assert not daemon.is_ready()
    accounts = (Account("matriz", Secret("canary"), refresh=600.0),)
    assert not Daemon(replace(a_config(), accounts=accounts), SystemClock(), Telemetry()).is_ready()


@pytest.mark.parametrize(
    ("at_once", "concurrency", "places"), [(True, 32, None), (False, 32, 16), (False, 1, 1)]
)
def test_collectors_have_half_of_the_workers_unless_nothing_waits(
    at_once: bool, concurrency: int, places: int | None
) -> None:
    config = a_config(timeout=7.0, polling=some_polling(interval=90.0, concurrency=concurrency))
    daemon = Daemon(config, SystemClock(), Telemetry(), collects_at_once=at_once)
    assert daemon._collector_limits(daemon.config) == CollectorLimits(7.0, 90.0, places)
    daemon.stop(0.0)


def test_secrets_of_a_changed_instance_stay_out_of_the_log(
    rig: Rig, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "token").touch()
    (tmp_path / "token").chmod(0o644)
    caplog.set_level("DEBUG")
    rig.reload([an_instance("vendas", token="canary")], secret_files=(tmp_path / "token",))
    told = [vars(record) for record in caplog.records if "reloaded" in record.getMessage()]
    assert [(e["instances"], e["added"], e["removed"], e["changed"]) for e in told] == [(1, 0, 1, 1)]
    assert "canary" not in str(told)
    assert "every user of this machine can read a secret file" in caplog.text
