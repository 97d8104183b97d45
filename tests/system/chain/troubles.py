"""Everything that can go wrong while exporters run: one trouble for each alert, and the fleets they happen to."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from exporter.demo.faults import answer, html_error, rate_limited
from exporter.demo.instances import Phase, SimulatedQueue, Timeline
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Collector
from simulator.answer_faults import me_with, me_without
from simulator.wire_faults import silence
from tests.system.chain.chain import Chain
from tests.system.chain.fleets import DAY, WEBHOOK, Fleet, numbered
from tests.system.chain.gate import ahead, without
from tests.system.chain.story import CRITICAL, WARNING, Trouble

MUST_SUBSCRIBE: Final = answer(
    "must subscribe",
    400,
    b'{"error":"To continue sending a message, you must subscribe to this instance again"}',
)
ADDRESS_REFUSED: Final = answer("address", 403, b'{"error":"203.0.113.7 not allowed"}')
FIREWALL: Final = html_error(403)
MUST_RESTORE: Final = answer(
    "must restore",
    200,
    b'{"connected":false,"error":"You need to restore the session.","smartphoneConnected":true}',
)


SINGLE: Final = (
    *("vendas", "oscila", "vence", "urgente", "vencido", "devedor", "experimental", "eterno"),
    *("mudo", "desviado", "abafado", "falho", "recusado", "acabado", "trocado"),
)
"""Instances of the fleet ``shop`` to which something happens."""

CROWD_TEAMS: Final = {
    **dict.fromkeys(numbered("crowd", 12), "sales"),
    **{f"crowd-{number}": "support" for number in range(12, 20)},
}
"""Twenty of thirty belong to a team, and so do those that drop: twelve and eight."""


def new_fleets() -> dict[str, Fleet]:
    """Return the fleets by their jobs; all is well at first."""
    fleets = (
        Fleet(
            "shop",
            [*SINGLE, *numbered("shop", 14)],
            later=["novo"],
            teams={"vendas": "sales", "mudo": "support"},
        ),
        Fleet(
            "asked",
            ["desligado", "perdido", "parado", "cheio", "desconectado", "ilegível", *numbered("asked", 9)],
            teams={"parado": "sales", "cheio": "support"},
            collect=frozenset(Collector),
        ),
        Fleet("depot", ["calado", *numbered("depot", 3)], timeout=1.0),
        Fleet("crowd", numbered("crowd", 30), teams=CROWD_TEAMS),
        Fleet("outage", numbered("outage", 6)),
        Fleet("limited", numbered("limited", 4)),
        Fleet("elsewhere", numbered("elsewhere", 3)),
        Fleet("walled", numbered("walled", 3)),
        Fleet("shrinking", numbered("shrinking", 10)),
        Fleet("twins", ["gêmeo", *numbered("twins", 2)], replicas=2),
        Fleet("slow", numbered("slow", 4), concurrency=1),
        Fleet("mortal", numbered("mortal", 3)),
        Fleet("restless", numbered("restless", 2)),
        Fleet("old", numbered("old", 2)),
        Fleet("shards", numbered("shards", 2), replicas=2),
    )
    return {fleet.job: fleet for fleet in fleets}


def of_one_instance(at: Mapping[str, Fleet]) -> Iterator[Trouble]:
    """What happens to one instance while its neighbours are well."""
    shop = at["shop"]

    yield Trouble(
        "ZapiInstanceDisconnected",
        {"job": "shop", "name": "vendas", "team": "sales"},
        ("on-call", "sales"),
        begin=lambda: shop.set("vendas", connected=False),
        mend=lambda: shop.set("vendas", connected=True),
        title="[CRITICAL] vendas is disconnected from WhatsApp",
        says=(", last seen connected 20", "It neither sends nor receives messages", "(team=sales)"),
        ending="[RESOLVED] vendas is connected again",
    )
    yield Trouble(
        "ZapiInstanceNeverConnected",
        {"job": "shop", "name": "novo"},
        WARNING,
        begin=lambda: add_unconnected(shop, "novo"),
        mend=lambda: shop.set("novo", connected=True),
        title="[WARNING] novo was never seen connected",
        ending="[RESOLVED] novo is connected",
    )
    yield Trouble(
        "ZapiInstanceFlapping",
        {"job": "shop", "name": "oscila"},
        WARNING,
        begin=lambda: shop.set("oscila", timeline=flapping(shop)),
        mend=lambda: shop.set("oscila", timeline=Timeline()),
        title="[WARNING] oscila keeps disconnecting: ",
        ends=False,  # for an hour
    )
    for alert, name, days, receivers, severity, says in (
        ("ZapiInstanceExpiringSoon", "vence", 5.98, WARNING, "WARNING", "expires in 5d 23h"),
        ("ZapiInstanceExpiringImminently", "urgente", 19.5 / 24, CRITICAL, "CRITICAL", "expires in 19h"),
        ("ZapiInstanceExpired", "vencido", -3.0, CRITICAL, "CRITICAL", "has expired"),
    ):
        yield Trouble(
            alert,
            {"job": "shop", "name": name},
            receivers,
            begin=partial(due_in, shop, name, days),
            mend=partial(due_in, shop, name, 300),
            title=f"[{severity}] The subscription of {name} {says}",
            says=(", due 20",),
            ending=f"[RESOLVED] The subscription of {name} was renewed",
        )
    yield Trouble(
        "ZapiInstanceUnpaid",
        {"job": "shop", "name": "devedor", "status": "overdue"},
        WARNING,
        begin=lambda: shop.set("devedor", payment_status="OVERDUE"),
        mend=lambda: shop.set("devedor", payment_status="PAID"),
        title="[WARNING] devedor is not paid",
        says=("payment status overdue",),
        ending="[RESOLVED] devedor is paid",
    )
    yield Trouble(
        "ZapiInstancePaymentUnknown",
        {"job": "shop", "name": "experimental"},
        WARNING,
        begin=lambda: shop.set("experimental", payment_status="trialing"),
        mend=lambda: shop.set("experimental", payment_status="PAID"),
        title="[INFO] The payment status of experimental cannot be classified",
        ending="[RESOLVED] The payment status of experimental is known",
    )
    yield Trouble(
        "ZapiInstanceDueUnknown",
        {"job": "shop", "name": "eterno"},
        WARNING,
        begin=lambda: shop.spoil("eterno", me_without("due")),
        mend=lambda: shop.spoil("eterno", None),
        title="[INFO] The due date of eterno is unknown",
        ending="[RESOLVED] The due date of eterno is known",
    )
    webhook = "[RESOLVED] The received webhook of {} is as it should be"
    yield Trouble(
        "ZapiInstanceWebhookMissing",
        {"job": "shop", "name": "mudo", "webhook": "received"},
        ("on-call", "support"),
        begin=lambda: shop.set("mudo", webhooks={}),
        mend=lambda: shop.set("mudo", webhooks={"received": WEBHOOK}),
        title="[CRITICAL] mudo has no received webhook",
        ending=webhook.format("mudo"),
    )
    yield Trouble(
        "ZapiInstanceWebhookUnexpected",
        {"job": "shop", "name": "desviado", "webhook": "received"},
        CRITICAL,
        begin=lambda: shop.set("desviado", webhooks={"received": "https://elsewhere.example.com/"}),
        mend=lambda: shop.set("desviado", webhooks={"received": WEBHOOK}),
        title="[CRITICAL] The received webhook of desviado has another URL than it should",
        ending=webhook.format("desviado"),
    )
    yield Trouble(
        "ZapiInstanceWebhookMuted",
        {"job": "shop", "name": "abafado", "webhook": "received"},
        CRITICAL,
        begin=lambda: shop.set("abafado", extra={"callbackTypeFilters": ["FILTER_RECEIVED_CALLBACK"]}),
        mend=lambda: shop.set("abafado", extra={"callbackTypeFilters": []}),
        title="[CRITICAL] The received webhook of abafado is muted",
        ending=webhook.format("abafado"),
    )
    polled_again = "[RESOLVED] {} can be polled again"
    yield Trouble(
        "ZapiInstancePollsFailing",
        {"job": "shop", "name": "falho"},
        WARNING,
        begin=lambda: shop.spoil("falho", html_error(503)),
        mend=lambda: shop.spoil("falho", None),
        title="[WARNING] falho cannot be polled",
        says=("reason server_error: Z-API answered with a server error",),
        ending=polled_again.format("falho"),
    )
    yield Trouble(
        "ZapiInstanceCredentialsRefused",
        {"job": "shop", "name": "recusado"},
        CRITICAL,
        begin=lambda: shop.set("recusado", token="RENEWED"),
        mend=lambda: shop.configure(tokens={"recusado": "RENEWED"}),
        title="[CRITICAL] Z-API refuses the credentials of recusado",
        says=("reason not_found: Z-API knows no instance with this id and token",),
        ending=polled_again.format("recusado"),
    )
    yield Trouble(
        "ZapiInstanceSubscriptionEnded",
        {"job": "shop", "name": "acabado"},
        CRITICAL,
        begin=lambda: shop.spoil("acabado", MUST_SUBSCRIBE),
        mend=lambda: shop.spoil("acabado", None),
        title="[CRITICAL] The subscription of acabado has ended at Z-API",
        ending=polled_again.format("acabado"),
    )
    yield Trouble(
        "ZapiInstanceWrongInstance",
        {"job": "shop", "name": "trocado"},
        WARNING,
        begin=lambda: shop.spoil("trocado", me_with("id", '"F00D"', "another instance's")),
        mend=lambda: shop.spoil("trocado", None),
        title="[WARNING] Polls of trocado are answered for another instance",
        ending=polled_again.format("trocado"),
    )
    for alert, receivers in (("ZapiInstancePollsFailing", WARNING), ("ZapiInstanceValuesStale", CRITICAL)):
        yield Trouble(
            alert,
            {"job": "depot", "name": "calado"},
            receivers,
            begin=lambda: at["depot"].spoil("calado", silence()),
            mend=lambda: at["depot"].spoil("calado", None),
            says=("reason timeout: Z-API did not answer in time",),
            ending=polled_again.format("calado"),
            lasts=20,
        )

    def change(of_one: Callable[[str], str]) -> None:
        at["twins"].pods[1].gate.change = of_one

    yield Trouble(
        "ZapiInstanceTwoIds",
        {"job": "twins", "name": "gêmeo"},
        WARNING,
        begin=lambda: change(lambda text: text.replace('"ID-gêmeo"', '"ID-another"')),
        mend=lambda: change(str),
        title="[WARNING] gêmeo is the name of two instances",
        ending="[RESOLVED] gêmeo is the name of one instance",
    )


def of_collectors(at: Mapping[str, Fleet]) -> Iterator[Trouble]:
    """What only the collectors tell. A day and ten days are shortened by the test."""
    asked = at["asked"]
    for severity, receivers, title in (
        ("warning", WARNING, "[WARNING] The phone of desligado is offline"),
        ("critical", CRITICAL, "[CRITICAL] The phone of desligado is offline and will be unlinked"),
    ):
        yield Trouble(
            "ZapiInstancePhoneOffline",
            {"job": "asked", "name": "desligado", "severity": severity},
            receivers,
            begin=lambda: asked.set("desligado", phone_online=False),
            mend=lambda: asked.set("desligado", phone_online=True),
            title=title,
            says=("WhatsApp unlinks a phone",),
            ending="The phone of desligado is online again",
            lasts=20,  # until it is critical
        )
    yield Trouble(
        "ZapiInstanceSessionLost",
        {"job": "asked", "name": "perdido"},
        CRITICAL,
        begin=lambda: asked.spoil("perdido", MUST_RESTORE, "status"),
        mend=lambda: asked.spoil("perdido", None, "status"),
        title="[CRITICAL] The session of perdido has to be restored",
        says=("Restore its session at Z-API; the phone is not needed.",),
        ending="[RESOLVED] perdido has its session again",
    )
    yield Trouble(
        "ZapiInstanceDisconnected",
        {"job": "asked", "name": "desconectado"},
        CRITICAL,
        begin=lambda: asked.set("desconectado", connected=False, restorable=True, phone_online=False),
        mend=lambda: asked.set("desconectado", connected=True, restorable=False, phone_online=True),
        title="[CRITICAL] desconectado is disconnected from WhatsApp",
        says=("Restore its session at Z-API; the phone is not needed.",),
        ending="[RESOLVED] desconectado is connected again",
    )
    yield Trouble(
        "ZapiInstanceQueueStuck",
        {"job": "asked", "name": "parado", "team": "sales"},
        ("on-call", "sales"),
        begin=lambda: asked.set("parado", queue=SimulatedQueue(380, SystemClock().time() - 2.5 * DAY)),
        mend=lambda: asked.set("parado", queue=SimulatedQueue()),
        title="[CRITICAL] The messages of parado do not leave",
        says=("messages that wait: 380, the oldest since 20",),
        ending="[RESOLVED] The messages of parado leave again",
    )
    for alert, what, begins, ends in (
        ("ZapiInstanceDisconnected", "cheio", "is disconnected from WhatsApp", "is connected again"),
        ("ZapiInstanceQueueFull", "The message queue of cheio", "is nearly full", "has room again"),
    ):
        yield Trouble(
            alert,
            {"job": "asked", "name": "cheio", "team": "support"},
            ("on-call", "support"),
            begin=lambda: asked.set(
                "cheio", connected=False, queue=SimulatedQueue(950, SystemClock().time() - DAY)
            ),
            mend=lambda: asked.set("cheio", connected=True, queue=SimulatedQueue()),
            title=f"[CRITICAL] {what} {begins}",
            ending=f"[RESOLVED] {what} {ends}",
            lasts=10,
        )

    yield Trouble(
        "ZapiCollectorFailing",
        {"job": "asked", "collector": "queue"},
        WARNING,
        begin=lambda: asked.spoil("ilegível", html_error(503), "queue/count"),
        mend=lambda: asked.spoil("ilegível", None, "queue/count"),
        title="[WARNING] The collector queue cannot be read for 1 instance of asked",
        says=(
            "instances: 1 of 15",
            "reason server_error",
            "among them ilegível",
            "Messages that are not sent",
        ),
        ending="[RESOLVED] The collector queue of asked can be read again",
        lasts=20,
    )


def of_many_instances(at: Mapping[str, Fleet]) -> Iterator[Trouble]:
    """Two thirds of a fleet drop, of two teams; and causes that concern all instances of a job."""
    dropped = [name for name in at["crowd"].names if name in CROWD_TEAMS]
    yield Trouble(
        "ZapiManyInstancesDisconnected",
        {"job": "crowd"},
        CRITICAL,
        begin=lambda: at["crowd"].set_all(dropped, connected=False),
        mend=lambda: at["crowd"].set_all(dropped, connected=True),
        title="instances of crowd were disconnected from WhatsApp",
        says=(" of 30, by team: sales ", "support "),
        ending="[RESOLVED] ",
        ending_says=("nstances of crowd are connected again",),  # those, or most of them
        lasts=12,  # after five minutes each would be told by itself
    )
    for team in ("sales", "support"):
        yield Trouble(
            "ZapiTeamInstancesDisconnected",
            {"job": "crowd", "team": team},
            (team,),
            title=f" of {team}'s instances were disconnected from WhatsApp",
            ending="[RESOLVED] ",
            ending_says=(f"{team}'s instances are connected again",),
        )
    yield Trouble(
        "ZapiApiDown",
        {"job": "outage"},
        CRITICAL,
        begin=lambda: at["outage"].spoil_all(html_error(502)),
        mend=lambda: at["outage"].spoil_all(None),
        title="instances of outage",
        says=("reason server_error",),
        ending="[RESOLVED] Z-API can be polled again for outage",
        lasts=24,  # by then each would have been told to fail, and its values to be stale
    )
    yield Trouble(
        "ZapiRateLimited",
        {"job": "limited"},
        WARNING,
        begin=lambda: at["limited"].spoil_all(rate_limited(None)),
        mend=lambda: at["limited"].spoil_all(None),
        title="[WARNING] Z-API limits the polls of limited",
        ending="[RESOLVED] Z-API does not limit the polls of limited any more",
    )
    yield Trouble(
        "ZapiAddressNotAllowed",
        {"job": "elsewhere"},
        CRITICAL,
        begin=lambda: at["elsewhere"].spoil_all(ADDRESS_REFUSED),
        mend=lambda: at["elsewhere"].spoil_all(None),
        title="[CRITICAL] Z-API does not allow the address of the exporter of elsewhere",
        ending="[RESOLVED] Z-API can be polled again for elsewhere",
    )
    yield Trouble(
        "ZapiForbidden",
        {"job": "walled"},
        CRITICAL,
        begin=lambda: at["walled"].spoil_all(FIREWALL),
        mend=lambda: at["walled"].spoil_all(None),
        title="[CRITICAL] Something before Z-API refuses the polls of walled",
        ending="[RESOLVED] Z-API can be polled again for walled",
    )
    names = at["shrinking"].names
    yield Trouble(
        "ZapiInstancesVanished",
        {"job": "shrinking"},
        CRITICAL,
        begin=lambda: at["shrinking"].configure(names=names[:2]),
        mend=lambda: at["shrinking"].configure(names=names),
        title="[CRITICAL] shrinking lists fewer instances than an hour ago",
        ending="[RESOLVED] shrinking lists all its instances again",
        starts=3,
    )


def down(fleet: Fleet) -> Trouble:
    gate = fleet.pods[0].gate
    return Trouble(
        "ZapiExporterDown",
        {"job": fleet.job, "instance": gate.address},
        CRITICAL,
        begin=lambda: setattr(gate, "shut", True),
        mend=lambda: setattr(gate, "shut", False),
        title=f"[CRITICAL] The exporter at {gate.address} cannot be scraped",
    )


def of_an_exporter(at: Mapping[str, Fleet], running: Chain) -> Iterator[Trouble]:
    slow, depot = (at[job].pods[0] for job in ("slow", "depot"))
    yield down(at["mortal"])
    restless = at["restless"].pods[0].gate
    yield Trouble(
        "ZapiExporterRestarting",
        {"job": "restless", "instance": restless.address},
        WARNING,
        begin=lambda: setattr(restless, "change", partial(restarting, at["restless"].minute * 3)),
        mend=lambda: setattr(restless, "change", str),
        title=f"[WARNING] The exporter at {restless.address} keeps restarting: ",
        ends=False,  # for an hour
    )
    yield Trouble(
        "ZapiExporterTargetLost",
        {"job": "shards"},
        CRITICAL,
        begin=lambda: running.scrape("shards", at["shards"].addresses[:1]),
        mend=lambda: running.scrape("shards", at["shards"].addresses),
        title="[CRITICAL] shards has fewer exporters than an hour ago",
        starts=16,  # those of ten minutes are compared
    )
    yield Trouble(
        "ZapiExporterBehind",
        {"job": "slow", "instance": slow.gate.address},
        WARNING,
        begin=lambda: at["slow"].set_all(delay=at["slow"].minute),
        mend=lambda: at["slow"].set_all(delay=0.0),
        title=f"[WARNING] The exporter at {slow.gate.address} polls late",
    )
    yield Trouble(
        "ZapiExporterReloadFailed",
        {"job": "depot", "instance": depot.gate.address},
        WARNING,
        begin=at["depot"].spoil_configuration,
        mend=at["depot"].configure,
        title=f"[WARNING] The exporter at {depot.gate.address} refused its new configuration",
    )
    old = at["old"].pods[0].gate
    yield Trouble(
        "ZapiExporterTooOld",
        {"job": "old", "instance": old.address},
        WARNING,
        begin=lambda: setattr(old, "change", without("last_connected_timestamp|subscription_ended")),
        mend=lambda: setattr(old, "change", str),
        title=f"[WARNING] The exporter at {old.address} is too old for these rules",
    )
    yield Trouble(
        "ZapiExporterClockWrong",
        {"job": "depot", "instance": depot.gate.address},
        WARNING,
        begin=lambda: setattr(depot.gate, "change", ahead(-at["depot"].minute)),
        mend=lambda: setattr(depot.gate, "change", str),
        title=f"[WARNING] The clock of the exporter at {depot.gate.address} is ",
    )


def flapping(fleet: Fleet) -> Timeline:
    """Connected for two minutes and a bit, then disconnected for as long, and so on: never for five."""
    phase = 2.2 * fleet.minute
    return Timeline((Phase(phase, connected=True), Phase(phase, connected=False)))


def add_unconnected(fleet: Fleet, name: str) -> None:
    fleet.set(name, connected=False)
    fleet.configure(names=[*fleet.names, name])


def due_in(fleet: Fleet, name: str, days: float) -> None:
    fleet.set(name, due=SystemClock().time() + days * DAY)


def restarting(seconds: float, text: str) -> str:
    """Change the start of the process every so many seconds."""
    start = int(SystemClock().time() / seconds) * seconds
    return re.sub(r"(?m)^process_start_time_seconds .*$", f"process_start_time_seconds {start!r}", text)
