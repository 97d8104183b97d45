"""The recipes of docs/alerts.md, run as they are printed with real Prometheus and Alertmanager."""

import subprocess
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from harness.processes import alertmanager, post
from harness.waiting import wait_until
from stack import shipped
from tests.shipped.docs.documents import ROOT, snippets
from tests.system.chain.chain import chain
from tests.system.chain.fleets import Fleet, numbered, polled
from tests.system.chain.inbox import Inbox, with_data

DOCUMENT: Final = ROOT / "docs" / "alerts.md"
SPEED: Final = 15

pytestmark = [
    pytest.mark.needs("prometheus", "prometheus-alertmanager", "amtool"),
    pytest.mark.timeout(1800),
]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as box:
        yield box


def recipe(language: str, beginning: str) -> str:
    (text,) = (
        one.text for one in snippets(language) if one.file == DOCUMENT and one.text.startswith(beginning)
    )
    return text


def raise_alert(url: str, **labels: str) -> None:
    labels = {"alertname": "ZapiInstanceDisconnected", "severity": "critical", **labels}
    post(f"{url}/api/v2/alerts", [{"labels": labels, "annotations": {}}])


def shell(script: str) -> str:
    ran = subprocess.run(["sh", "-e", "-c", script], check=True, stdout=subprocess.PIPE, text=True)
    return ran.stdout.strip()


def told(inbox: Inbox, receiver: str, name: str) -> bool:
    return any(
        notice.receiver == receiver and any(alert.has({"name": name}) for alert in notice.alerts)
        for notice in inbox.notices
    )


def test_a_silence_holds_back_a_team_and_what_lasts_is_told_at_its_end(tmp_path: Path, inbox: Inbox) -> None:
    document = yaml.safe_load(shipped.alertmanager_config(tmp_path, inbox.url, 60))
    with alertmanager(tmp_path, with_data(document)) as url:
        silence, expire = (
            line.replace("http://localhost:9093", url) for line in recipe("sh", "id=$(amtool").splitlines()
        )
        shell(silence.replace("alertname=~", "name=reserva alertname=~"))
        id_of_silence = shell(f'{silence}; echo "$id"')
        raise_alert(url, name="vendas", team="sales")
        raise_alert(url, name="suporte", team="support")
        wait_until(lambda: told(inbox, "support", "suporte"), patience=60)
        assert not told(inbox, "sales", "vendas")
        raise_alert(url, name="reserva", team="sales")
        shell(f"id={id_of_silence}; {expire}")
        wait_until(lambda: told(inbox, "sales", "vendas"), patience=60)
        assert not told(inbox, "sales", "reserva")  # is silenced by itself


@pytest.mark.nightly
def test_the_switch_is_told_again_and_again_and_a_team_sooner_than_others(tmp_path: Path) -> None:
    fleet = Fleet("zapi", ["vendas", "reserva", "caixa", *numbered("zapi", 9)], teams={"vendas": "sales"})
    switch, thresholds = (
        one.text for one in snippets("yaml") if one.file == DOCUMENT and one.text.startswith("groups:")
    )

    def add_switch(document: dict[str, Any]) -> None:
        recipe_route = yaml.safe_load(recipe("yaml", "route:"))["route"]["routes"][0]
        quick = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "2s"}
        document["route"]["routes"].insert(0, {**recipe_route, **quick})
        slack = copy(document["receivers"][0]["slack_configs"][0])
        slack["api_url"] += "-switch"
        document["receivers"].append({"name": "dead-mans-switch", "slack_configs": [slack]})

    quicker = thresholds.replace("60 *", f"{60 / SPEED} *").replace("3600", str(3600 / SPEED))
    with (
        polled(tmp_path, [fleet], speed=SPEED),
        chain(
            tmp_path,
            {"zapi": fleet.addresses},
            speed=SPEED,
            more_rules={"switch.yaml": switch, "ours.yaml": quicker},
            change_alertmanager=add_switch,
        ) as running,
    ):
        running.let_pass(2)
        fleet.set_all(["vendas", "reserva"], connected=False)
        wait_until(lambda: told(running.inbox, "sales", "vendas"), patience=120)
        fleet.set("caixa", connected=False)
        wait_until(lambda: told(running.inbox, "everybody", "caixa"), patience=240)
        assert not told(running.inbox, "everybody", "reserva")
        beats = [one for one in running.inbox.notices if one.receiver.endswith("-switch")]
        assert len(beats) > 3
