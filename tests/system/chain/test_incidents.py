"""What has happened to users, with restarts of Prometheus and Alertmanager in the middle of each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from exporter.demo.faults import html_error
from exporter.model.clock import SystemClock
from simulator.answer_faults import client_token_not_allowed
from stack.shipped import PROMETHEUS
from stack.speed import hurry
from tests.system.chain.chain import Chain, chain
from tests.system.chain.fleets import DAY, Fleet, numbered, polled
from tests.system.chain.gate import ahead
from tests.system.chain.story import CRITICAL, WARNING, Story, Trouble

SPEED: Final = 15
"""A minute is four seconds."""
LONGEST: Final = 40
"""Minutes that the slowest of these troubles takes to be told, or its end, and some more."""

TEAMS: Final = ("sales", "support", "finance", "north", "south", "east")
ROUTED: Final = {"sales": "sales", "support": "support", "finance": "finance"}
"""The other teams have no route of their own: everybody hears."""

Happening = Callable[[], object]

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.needs("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(5400),
]


def test_a_mass_drop_is_told_to_on_call_and_to_each_of_six_teams(tmp_path: Path) -> None:
    names = numbered("zapi", 160)
    teams = {name: TEAMS[number % 6] for number, name in enumerate(names)}
    fleet = Fleet("zapi", names, teams=teams)
    with told(tmp_path, fleet) as running:
        dropped = names[:150]
        troubles = [
            Trouble(
                "ZapiManyInstancesDisconnected",
                {"job": "zapi"},
                CRITICAL,
                begin=lambda: fleet.set_all(dropped, connected=False),
                mend=lambda: fleet.set_all(dropped, connected=True),
                title="instances of zapi were disconnected from WhatsApp",
                says=(" of 160", *(f"{team} " for team in TEAMS)),
                ending="[RESOLVED] ",
                ending_says=("nstances of zapi are connected again",),  # those, or most of them
            ),
            *(
                Trouble(
                    "ZapiTeamInstancesDisconnected",
                    {"job": "zapi", "team": team},
                    (ROUTED.get(team, "everybody"),),
                    ending="[RESOLVED] ",
                    ending_says=(f"{team}'s instances are connected again",),
                )
                for team in TEAMS
            ),
        ]
        meanwhile = [*restarts(running), lambda: move(running, fleet)]
        Story(running, troubles, LONGEST, meanwhile).play_well()


def test_a_pair_of_exporters_is_one_to_those_who_are_told(tmp_path: Path) -> None:
    """One of the pair restarts, is cut off for ten minutes, and has a clock that is ahead."""
    fleet = Fleet("zapi", ["vendas", "caixa", *numbered("zapi", 8)], replicas=2)
    with told(tmp_path, fleet) as running:
        first = fleet.pods[0]

        def cut_off() -> None:
            first.gate.shut = True
            running.let_pass(10)
            first.gate.shut = False
            running.let_pass(3)

        def wrong_clock() -> None:
            first.gate.change = ahead(5 * fleet.minute)
            running.let_pass(8)
            first.gate.change = str
            running.let_pass(8)

        down = {"job": "zapi", "instance": first.gate.address}
        troubles = [
            disconnected(fleet, "vendas"),
            disconnected(fleet, "caixa"),
            Trouble("ZapiExporterDown", down, CRITICAL, during=True),
            Trouble("ZapiExporterClockWrong", down, WARNING, during=True),
        ]
        meanwhile = [fleet.restart, *restarts(running), cut_off, wrong_clock]
        Story(running, troubles, LONGEST, meanwhile).play_well()


def test_an_exporter_that_dies_every_four_minutes_hides_nothing(tmp_path: Path) -> None:
    fleet = Fleet("zapi", ["vendas", "vencido", *numbered("zapi", 6)])
    # How long the machine takes to start an exporter again must not be told.
    with told(tmp_path, fleet, {"exporter_down_seconds": 1800}) as running:

        def dies() -> None:
            for _ in range(4):
                fleet.restart()
                running.let_pass(4)

        def drop_and_die() -> None:
            fleet.set("vendas", connected=False)
            dies()

        troubles = [
            disconnected(fleet, "vendas", begin=drop_and_die),
            Trouble("ZapiExporterRestarting", {"job": "zapi"}, WARNING, ends=False),
        ]
        Story(running, troubles, LONGEST, [dies]).play_well()


def test_a_refused_client_token_is_told_by_its_cause_alone(tmp_path: Path) -> None:
    names = numbered("zapi", 66)
    fleet = Fleet("zapi", names)
    with told(tmp_path, fleet) as running:
        refused = names[:36]

        def mend() -> None:
            fleet.spoil_all(None, refused)
            fleet.configure(tokens=dict.fromkeys(refused, "TOKEN"))

        troubles = [
            Trouble("ZapiInstanceCredentialsRefused", {"job": "zapi", "name": name}, CRITICAL)
            for name in refused
        ]
        troubles[0] = replace(troubles[0], mend=mend)
        fleet.spoil_all(client_token_not_allowed(403), refused)
        Story(running, troubles, LONGEST, restarts(running)).play_well()


def test_an_instance_removed_while_down_is_not_told_as_back(tmp_path: Path) -> None:
    fleet = Fleet("zapi", ["vendas", "antigo", *numbered("zapi", 8)], later=["novo"])

    def remove(name: str, *added: str) -> None:
        fleet.configure(names=[*(one for one in fleet.names if one != name), *added])

    with told(tmp_path, fleet) as running:
        troubles = [
            disconnected(fleet, name, mend=partial(remove, name, *added), ending=f"{name} was removed")
            for name, *added in (("vendas",), ("antigo", "novo"))
        ]
        Story(running, troubles, LONGEST, restarts(running)).play_well()


def test_a_configuration_that_shrinks_by_mistake_is_told(tmp_path: Path) -> None:
    names = numbered("zapi", 400)
    fleet = Fleet("zapi", names, interval=4)
    with told(tmp_path, fleet) as running:
        running.let_pass(6)
        troubles = [
            disconnected(fleet, "zapi-0"),
            Trouble(
                "ZapiInstancesVanished",
                {"job": "zapi"},
                CRITICAL,
                begin=lambda: fleet.configure(names=names[:10]),
                mend=lambda: fleet.configure(names=names),
                title="[CRITICAL] zapi lists fewer instances than an hour ago",
                starts=12,
            ),
        ]
        Story(running, troubles, LONGEST, restarts(running)).play_well()


def test_an_outage_amid_restarts_neither_ends_nor_repeats_an_alert(tmp_path: Path) -> None:
    fleet = Fleet("zapi", ["vendas", "caixa", "vencido", *numbered("zapi", 8)])
    with told(tmp_path, fleet, {"exporter_down_seconds": 1800}) as running:
        fleet.pods[0].gate.lose_one_in = 3

        def outage() -> None:
            fleet.spoil_all(html_error(502))
            running.let_pass(20)
            fleet.set("caixa", connected=True)
            for happening in restarts(running):
                happening()
            fleet.spoil_all(None)
            running.let_pass(6)

        troubles = [
            disconnected(fleet, "vendas"),
            disconnected(fleet, "caixa", mend=lambda: None),
            Trouble(
                "ZapiInstanceExpired",
                {"job": "zapi", "name": "vencido"},
                CRITICAL,
                begin=lambda: fleet.set("vencido", due=SystemClock().time() - 3 * DAY),
                mend=lambda: fleet.set("vencido", due=SystemClock().time() + 300 * DAY),
                title="[CRITICAL] The subscription of vencido has expired",
                ending="[RESOLVED] The subscription of vencido was renewed",
            ),
            Trouble("ZapiApiDown", {"job": "zapi"}, CRITICAL, during=True),
        ]
        meanwhile = [fleet.restart, lambda: running.let_pass(2), outage]
        Story(running, troubles, LONGEST, meanwhile).play_well()


def test_a_missing_exporter_and_missing_thresholds_are_told_once(tmp_path: Path) -> None:
    """Thresholds are loaded first: without them nobody can know for how long an exporter may be missing."""
    fleet = Fleet("zapi", ["vendas"])
    with (
        polled(tmp_path, [fleet], speed=2 * SPEED),
        chain(tmp_path, {"zapi": []}, speed=2 * SPEED, without_rules=["thresholds.yaml"]) as running,
    ):
        no_thresholds = Trouble(
            "ZapiThresholdsMissing",
            {},
            WARNING,
            mend=lambda: load_thresholds(running),
            title="[WARNING] Alert rules or thresholds of zapi-exporter are not loaded",
        )
        no_exporter = Trouble(
            "ZapiExporterMissing",
            {},
            CRITICAL,
            mend=lambda: running.scrape("zapi", fleet.addresses),
            title="[CRITICAL] Prometheus scrapes no zapi-exporter",
        )
        Story(running, [no_thresholds, no_exporter], LONGEST).play_well()


def load_thresholds(running: Chain) -> None:
    text = (PROMETHEUS / "rules" / "thresholds.yaml").read_text()
    (running.directory / "rules" / "thresholds.yaml").write_text(hurry(text, running.speed))
    running.reload()


@contextmanager
def told(directory: Path, fleet: Fleet, thresholds: Mapping[str, float] | None = None) -> Iterator[Chain]:
    """Run the chain for one fleet."""
    with (
        polled(directory, [fleet], speed=SPEED),
        chain(directory, {fleet.job: fleet.addresses}, speed=SPEED, thresholds=thresholds) as running,
    ):
        running.let_pass(2)
        yield running


def disconnected(
    fleet: Fleet,
    name: str,
    *,
    begin: Happening | None = None,
    mend: Happening | None = None,
    ending: str | None = None,
) -> Trouble:
    return Trouble(
        "ZapiInstanceDisconnected",
        {"job": fleet.job, "name": name},
        CRITICAL,
        begin=begin or (lambda: fleet.set(name, connected=False)),
        mend=mend or (lambda: fleet.set(name, connected=True)),
        title=name,
        ending=ending or f"{name} is connected again",
    )


def restarts(running: Chain) -> list[Happening]:
    pause = partial(running.let_pass, 3)
    return [running.restart_prometheus, pause, running.restart_alertmanager, pause]


def move(running: Chain, fleet: Fleet) -> None:
    """The pod goes, and five minutes later another one comes, which is another ``instance``."""
    fleet.remove_pod(fleet.pods[0])
    running.scrape(fleet.job, [])
    running.let_pass(5)
    fleet.add_pod()
    running.scrape(fleet.job, fleet.addresses)
    running.let_pass(5)
