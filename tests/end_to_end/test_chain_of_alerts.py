"""Every alert about a running exporter, told once and ended once, through the whole chain.

The shipped rules and routes run many times as fast as shipped: ``stack.speed`` says what that changes.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from exporter.clock import SystemClock
from exporter.demo.answer_faults import html_error, me_with, rate_limited
from exporter.demo.fault import Fault
from exporter.demo.setup import write_config
from exporter.demo.timeline import Phase, Timeline
from exporter.demo.wire_faults import silence
from tests.end_to_end.chain import Chain, chain
from tests.end_to_end.fleets import DAY, WEBHOOK, Fleet, polled
from tests.end_to_end.story import Trouble, play
from tests.processes import eventually
from tests.prometheus.tools import alerts

SPEED: Final = 75
LONGEST: Final = 120
"""Minutes that the slowest of these alerts, flapping, takes to be told and to end, and some more."""

pytestmark = [
    pytest.mark.needs("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(300),
]


def numbered(job: str, count: int) -> list[str]:
    return [f"{job}-{number}" for number in range(count)]


# Alerts of one name and one job are one message: each trouble has a job where it is the only one of its name.
SHOP: Final = Fleet(
    "shop",
    ["vendas", "oscila", "vence", "devedor", "mudo", "desviado", "falho", *numbered("shop", 7)],
    teams={"vendas": "sales", "mudo": "support"},
)
OFFICE: Final = Fleet("office", ["recusado", "urgente", *numbered("office", 4)])
BRANCH: Final = Fleet("branch", ["trocado", "vencido", *numbered("branch", 4)])
DEPOT: Final = Fleet("depot", ["calado", *numbered("depot", 3)])
LIMITED: Final = Fleet("limited", numbered("limited", 4))
SLOW: Final = Fleet("slow", numbered("slow", 4), concurrency=1)
CROWD: Final = Fleet("crowd", numbered("crowd", 200), interval=2)
OUTAGE: Final = Fleet("outage", numbered("outage", 6))
MORTAL: Final = Fleet("mortal", ["caixa", *numbered("mortal", 3)])
SHARDS: Final = Fleet("shards", numbered("shards", 2))
FLEETS: Final = (SHOP, OFFICE, BRANCH, DEPOT, LIMITED, SLOW, CROWD, OUTAGE, MORTAL, SHARDS)

RUNBOOKS: Final = "https://github.com/zapi-exporter/zapi-exporter/blob/main/docs/runbooks"
ELSEWHERE: Final = {"ZapiExporterMissing", "ZapiThresholdsMissing"}
"""What is told where there is no exporter, or only half of the rules: a story of its own."""

CRITICAL: Final = ("on-call", "everybody")
WARNING: Final = ("everybody",)


def of_one_instance() -> Iterator[Trouble]:
    """What happens to one instance while its neighbours are well."""
    yield Trouble(
        "ZapiInstanceDisconnected",
        "vendas",
        "[CRITICAL] vendas is disconnected from WhatsApp",
        ("on-call", "sales"),
        begin=lambda: SHOP.set("vendas", connected=False),
        mend=lambda: SHOP.set("vendas", connected=True),
        says=("it neither sends nor receives messages", "Labels: team=sales\n"),
    )
    yield Trouble(
        "ZapiInstanceFlapping",
        "oscila",
        "[WARNING] oscila keeps disconnecting",
        WARNING,
        begin=lambda: SHOP.set("oscila", timeline=FLAPPING),
        mend=lambda: SHOP.set("oscila", timeline=Timeline()),
        says=("within the last hour",),
    )
    yield Trouble(
        "ZapiInstanceExpiringSoon",
        "vence",
        "[WARNING] vence expires in 5d 23h",
        WARNING,
        begin=lambda: due_in(SHOP, "vence", days=6),
        mend=lambda: due_in(SHOP, "vence", days=300),
    )
    yield Trouble(
        "ZapiInstanceExpiringImminently",
        "urgente",
        "[CRITICAL] urgente expires in 19h",
        CRITICAL,
        begin=lambda: due_in(OFFICE, "urgente", days=20 / 24),
        mend=lambda: due_in(OFFICE, "urgente", days=300),
        says=("was not renewed",),
    )
    yield Trouble(
        "ZapiInstanceExpired",
        "vencido",
        "[CRITICAL] vencido has expired",
        CRITICAL,
        begin=lambda: due_in(BRANCH, "vencido", days=-3),
        mend=lambda: due_in(BRANCH, "vencido", days=300),
        says=("ended 3d 0h",),
        lasts=16,  # by then it would also expire imminently
    )
    yield Trouble(
        "ZapiInstanceUnpaid",
        "devedor",
        "[WARNING] devedor is not paid",
        WARNING,
        begin=lambda: SHOP.set("devedor", payment_status="OVERDUE"),
        mend=lambda: SHOP.set("devedor", payment_status="PAID"),
        says=('the payment status "overdue"',),
    )
    yield Trouble(
        "ZapiInstanceWebhookMissing",
        "mudo",
        "[CRITICAL] mudo has no received webhook",
        ("on-call", "support"),
        begin=lambda: SHOP.set("mudo", webhooks={}),
        mend=lambda: SHOP.set("mudo", webhooks={"received": WEBHOOK}),
        says=("Labels: team=support\n",),
    )
    yield Trouble(
        "ZapiInstanceWebhookUnexpected",
        "desviado",
        "[CRITICAL] desviado calls another received webhook than it should",
        CRITICAL,
        begin=lambda: SHOP.set("desviado", webhooks={"received": "https://elsewhere.example.com/"}),
        mend=lambda: SHOP.set("desviado", webhooks={"received": WEBHOOK}),
    )
    yield Trouble(
        "ZapiInstancePollsFailing",
        "falho",
        "[WARNING] falho cannot be polled",
        WARNING,
        begin=lambda: SHOP.spoil("falho", html_error(503)),
        mend=lambda: SHOP.spoil("falho", None),
        says=("Reason: Z-API answered with a server error (server_error).",),
    )
    yield Trouble(
        "ZapiInstanceValuesStale",
        "calado",
        "[CRITICAL] Nothing is known of calado any more",
        CRITICAL,
        begin=lambda: DEPOT.spoil("calado", silence()),
        mend=lambda: DEPOT.spoil("calado", None),
        says=("Reason: Z-API did not answer in time (timeout).",),
    )
    yield Trouble(
        "ZapiInstancePollsFailing",  # at first: only later is it known that the values are gone
        "calado",
        "[WARNING] calado cannot be polled",
        WARNING,
        begin=nothing,
        mend=nothing,
    )
    yield Trouble(
        "ZapiInstanceCredentialsRefused",
        "recusado",
        "[CRITICAL] Z-API refuses the credentials of recusado",
        CRITICAL,
        begin=lambda: OFFICE.set("recusado", token="RENEWED"),
        mend=lambda: reload(OFFICE, tokens={"recusado": "RENEWED"}),
        says=("Z-API knows no instance with this id and token (not_found).",),
    )
    yield Trouble(
        "ZapiInstanceWrongInstance",
        "trocado",
        "[WARNING] Polls of trocado are answered for another instance",
        WARNING,
        begin=lambda: BRANCH.spoil("trocado", me_with("id", '"F00D"', "another instance's")),
        mend=lambda: BRANCH.spoil("trocado", None),
    )


def of_many_instances() -> Iterator[Trouble]:
    yield Trouble(
        "ZapiManyInstancesDisconnected",
        "crowd",
        "instances of crowd were disconnected from WhatsApp",
        CRITICAL,
        begin=lambda: set_all(CROWD, connected=False),
        mend=lambda: set_all(CROWD, connected=True),
        says=("Some of them: crowd-",),
        lasts=12,  # after five, each would be told by itself
    )
    yield Trouble(
        "ZapiApiDown",
        "outage",
        "[CRITICAL] Z-API cannot be polled for 6 instances of outage",
        CRITICAL,
        begin=lambda: spoil_all(OUTAGE, html_error(502)),
        mend=lambda: spoil_all(OUTAGE, None),
        says=("6 of them: Z-API answered with a server error (server_error).",),
        lasts=24,  # after five, polls of each would be said to fail, and after twenty, its values to be stale
    )
    yield Trouble(
        "ZapiRateLimited",
        "limited",
        "[WARNING] Z-API limits the polls of limited",
        WARNING,
        begin=lambda: spoil_all(LIMITED, rate_limited(None)),
        mend=lambda: spoil_all(LIMITED, None),
        says=("Reason: Z-API asks for fewer requests (rate_limited).",),
        starts=14,  # there are ten minutes to compare with
    )


def of_an_exporter(running: Chain) -> Iterator[Trouble]:
    yield Trouble(
        "ZapiInstanceDisconnected",
        "caixa",
        "[CRITICAL] caixa is disconnected from WhatsApp",
        CRITICAL,
        begin=lambda: MORTAL.set("caixa", connected=False),
        mend=lambda: MORTAL.set("caixa", connected=True),
        lasts=30,  # beyond the death of its exporter, which must neither end nor repeat it
    )
    yield Trouble(
        "ZapiExporterDown",
        MORTAL.address,
        f"[CRITICAL] The exporter at {MORTAL.address} cannot be scraped",
        CRITICAL,
        begin=MORTAL.kill,
        mend=MORTAL.start,
        says=("of job mortal for 3 minutes",),
        starts=9,
    )
    yield Trouble(
        "ZapiExporterTargetLost",
        "shards",
        "[CRITICAL] Job shards has fewer exporters than an hour ago",
        CRITICAL,
        begin=lambda: running.scrape("shards", [SHARDS.address]),
        mend=lambda: running.scrape("shards", two_names(SHARDS)),
        says=("An hour ago Prometheus scraped 2 exporters of job shards",),
        starts=16,  # it is told between one hour after the first scrape and one after the loss
    )
    yield Trouble(
        "ZapiExporterBehind",
        SLOW.address,
        f"[WARNING] The exporter at {SLOW.address} polls ",
        WARNING,
        begin=lambda: set_all(SLOW, delay=0.9),
        mend=lambda: set_all(SLOW, delay=0.0),
        says=("(job slow)", "after they are due"),
    )
    yield Trouble(
        "ZapiExporterReloadFailed",
        DEPOT.address,
        f"[WARNING] The exporter at {DEPOT.address} refused its new configuration",
        WARNING,
        begin=lambda: reload(DEPOT, text="instances: []\n"),
        mend=lambda: reload(DEPOT),
    )


PHASE: Final = 2.2 * 60 / SPEED
FLAPPING: Final = Timeline((Phase(PHASE, connected=True), Phase(PHASE, connected=False)))


def nothing() -> None:
    """What another trouble does already."""


def due_in(fleet: Fleet, name: str, days: float) -> None:
    fleet.set(name, due=SystemClock().time() + days * DAY)


def set_all(fleet: Fleet, **changes: Any) -> None:
    for name in fleet.names:
        fleet.set(name, **changes)


def spoil_all(fleet: Fleet, fault: Fault | None) -> None:
    for name in fleet.names:
        fleet.spoil(name, fault)


def two_names(fleet: Fleet) -> list[str]:
    """One exporter under two addresses, which Prometheus takes for two."""
    host, port = fleet.address.split(":")
    return [fleet.address, f"[::ffff:{host}]:{port}"]


def reload(fleet: Fleet, *, text: str | None = None, tokens: dict[str, str] | None = None) -> None:
    """Have the exporter read its configuration again: this text, or a good one."""
    write_config(fleet.config(tokens), fleet.config_file)
    if text is not None:
        fleet.config_file.write_text(text)
    with suppress(HTTPError):
        urlopen(Request(f"{fleet.running.url}/-/reload", method="POST"), timeout=30).close()


def test_each_trouble_is_told_once_in_its_own_words_to_whom_it_concerns_and_so_is_its_end(
    tmp_path: Path,
) -> None:
    with polled(tmp_path, FLEETS, speed=SPEED):
        targets = {fleet.job: [fleet.address] for fleet in FLEETS} | {"shards": two_names(SHARDS)}
        with chain(tmp_path, targets, speed=SPEED) as running:
            connected = sum(len(fleet.names) for fleet in FLEETS) + len(SHARDS.names)
            eventually(lambda: running.prometheus.values("sum(zapi_instance_connected)") == [connected])
            troubles = [*of_one_instance(), *of_many_instances(), *of_an_exporter(running)]
            play(running, troubles, minutes=LONGEST)

            assert {trouble.alert for trouble in troubles} | ELSEWHERE == {rule.name for rule in alerts()}
            assert heard(running, troubles) == expected(troubles)
            assert of_no_trouble(running, troubles) == []
            assert wrong_words(running, troubles) == []
            assert silenced(running) == SILENCED


def heard(running: Chain, troubles: Sequence[Trouble]) -> dict[tuple[str, str], list[tuple[str, bool]]]:
    """Alert and subject → who was told, and whether it was told as ended."""
    return {
        (trouble.alert, trouble.subject): sorted(
            (message.receiver, message.title.startswith("[RESOLVED]"))
            for message in running.messages
            if trouble.is_meant_by(message)
        )
        for trouble in troubles
    }


def expected(troubles: Sequence[Trouble]) -> dict[tuple[str, str], list[tuple[str, bool]]]:
    """What :func:`heard` should be: everybody concerned is told once, and of the end once."""
    return {
        (trouble.alert, trouble.subject): sorted(
            (receiver, ended) for receiver in trouble.receivers for ended in (False, True)
        )
        for trouble in troubles
    }


def of_no_trouble(running: Chain, troubles: Sequence[Trouble]) -> list[str]:
    return [
        f"{message.receiver}: {message.title}"
        for message in running.without_witnesses()
        if not any(trouble.is_meant_by(message) for trouble in troubles)
    ]


def wrong_words(running: Chain, troubles: Sequence[Trouble]) -> list[str]:
    """Parts that the first message of a trouble lacks."""
    return [
        f"{part!r} is not in {first.title!r}, {first.text!r}"
        for trouble in troubles
        for first in [next(filter(trouble.is_meant_by, running.messages))]
        for part in (trouble.title, *trouble.says, "\nSince ", f"What to do: {RUNBOOKS}/{trouble.alert}.md")
        if part not in first.title + first.text
    ]


SILENCED: Final = {
    ("crowd", "ZapiInstanceDisconnected"): 200,
    ("outage", "ZapiInstancePollsFailing"): 6,
    ("outage", "ZapiInstanceValuesStale"): 6,
    ("office", "ZapiInstancePollsFailing"): 1,
    ("office", "ZapiInstanceExpiringSoon"): 1,
    ("branch", "ZapiInstancePollsFailing"): 1,
    ("branch", "ZapiInstanceExpiringImminently"): 1,
}
"""Job and alert → how many instances had it, without anybody being told: there was a cause to tell."""


def silenced(running: Chain) -> dict[tuple[str, str], float]:
    """How many instances had the alerts that :data:`SILENCED` names, at any time."""
    fired = 'count_over_time(ALERTS{alertstate="firing",name!=""}[10m])'
    counts = running.prometheus.query(
        f"count by (job, alertname) (group by (job, alertname, name) ({fired}))"
    )
    by_alert = {(labels["job"], labels["alertname"]): counts[key] for key in counts for labels in [dict(key)]}
    return {key: by_alert.get(key, 0) for key in SILENCED}
