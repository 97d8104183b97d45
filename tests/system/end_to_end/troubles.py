"""Everything that can go wrong while exporters run: one trouble for each alert, and the fleets they happen to."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from exporter.demo.answers import html_error, rate_limited
from exporter.demo.fault import Fault
from exporter.demo.setup import write_config
from exporter.demo.timeline import Phase, Timeline
from exporter.model.clock import SystemClock
from simulator.answer_faults import me_with
from simulator.wire_faults import silence
from tests.system.end_to_end.chain import Chain
from tests.system.end_to_end.fleets import DAY, WEBHOOK, Fleet
from tests.system.end_to_end.story import Trouble

CRITICAL: Final = ("on-call", "everybody")
WARNING: Final = ("everybody",)


@dataclass(frozen=True, slots=True)
class Fleets:
    """Alerts of one name and one job are one message: each trouble has a job where it is the only one of its name."""

    shop: Fleet
    office: Fleet
    branch: Fleet
    depot: Fleet
    limited: Fleet
    slow: Fleet
    crowd: Fleet
    outage: Fleet
    mortal: Fleet
    shards: Fleet

    def all(self) -> list[Fleet]:
        return [getattr(self, each.name) for each in fields(self)]


def new_fleets() -> Fleets:
    """All well at first."""
    return Fleets(
        shop=Fleet(
            "shop",
            ["vendas", "oscila", "vence", "devedor", "mudo", "desviado", "falho", *numbered("shop", 7)],
            teams={"vendas": "sales", "mudo": "support"},
        ),
        office=Fleet("office", ["recusado", "urgente", *numbered("office", 4)]),
        branch=Fleet("branch", ["trocado", "vencido", *numbered("branch", 4)]),
        depot=Fleet("depot", ["calado", *numbered("depot", 3)]),
        limited=Fleet("limited", numbered("limited", 4)),
        slow=Fleet("slow", numbered("slow", 4), concurrency=1),
        crowd=Fleet("crowd", numbered("crowd", 200), interval=2),
        outage=Fleet("outage", numbered("outage", 6)),
        mortal=Fleet("mortal", ["caixa", *numbered("mortal", 3)]),
        shards=Fleet("shards", numbered("shards", 2)),
    )


def numbered(job: str, count: int) -> list[str]:
    return [f"{job}-{number}" for number in range(count)]


def of_one_instance(at: Fleets) -> Iterator[Trouble]:
    """What happens to one instance while its neighbours are well."""
    yield Trouble(
        "ZapiInstanceDisconnected",
        "vendas",
        "[CRITICAL] vendas is disconnected from WhatsApp",
        ("on-call", "sales"),
        begin=lambda: at.shop.set("vendas", connected=False),
        mend=lambda: at.shop.set("vendas", connected=True),
        says=("it neither sends nor receives messages", "Labels: team=sales\n"),
    )
    yield Trouble(
        "ZapiInstanceFlapping",
        "oscila",
        "[WARNING] oscila keeps disconnecting",
        WARNING,
        begin=lambda: at.shop.set("oscila", timeline=flapping(at.shop)),
        mend=lambda: at.shop.set("oscila", timeline=Timeline()),
        says=("within the last hour",),
    )
    yield Trouble(
        "ZapiInstanceExpiringSoon",
        "vence",
        "[WARNING] vence expires in 5d 23h",
        WARNING,
        begin=lambda: due_in(at.shop, "vence", days=6),
        mend=lambda: due_in(at.shop, "vence", days=300),
    )
    yield Trouble(
        "ZapiInstanceExpiringImminently",
        "urgente",
        "[CRITICAL] urgente expires in 19h",
        CRITICAL,
        begin=lambda: due_in(at.office, "urgente", days=20 / 24),
        mend=lambda: due_in(at.office, "urgente", days=300),
        says=("was not renewed",),
    )
    yield Trouble(
        "ZapiInstanceExpired",
        "vencido",
        "[CRITICAL] vencido has expired",
        CRITICAL,
        begin=lambda: due_in(at.branch, "vencido", days=-3),
        mend=lambda: due_in(at.branch, "vencido", days=300),
        says=("ended 3d 0h",),
        lasts=16,  # by then it would also expire imminently
    )
    yield Trouble(
        "ZapiInstanceUnpaid",
        "devedor",
        "[WARNING] devedor is not paid",
        WARNING,
        begin=lambda: at.shop.set("devedor", payment_status="OVERDUE"),
        mend=lambda: at.shop.set("devedor", payment_status="PAID"),
        says=('the payment status "overdue"',),
    )
    yield Trouble(
        "ZapiInstanceWebhookMissing",
        "mudo",
        "[CRITICAL] mudo has no received webhook",
        ("on-call", "support"),
        begin=lambda: at.shop.set("mudo", webhooks={}),
        mend=lambda: at.shop.set("mudo", webhooks={"received": WEBHOOK}),
        says=("Labels: team=support\n",),
    )
    yield Trouble(
        "ZapiInstanceWebhookUnexpected",
        "desviado",
        "[CRITICAL] desviado calls another received webhook than it should",
        CRITICAL,
        begin=lambda: at.shop.set("desviado", webhooks={"received": "https://elsewhere.example.com/"}),
        mend=lambda: at.shop.set("desviado", webhooks={"received": WEBHOOK}),
    )
    yield Trouble(
        "ZapiInstancePollsFailing",
        "falho",
        "[WARNING] falho cannot be polled",
        WARNING,
        begin=lambda: at.shop.spoil("falho", html_error(503)),
        mend=lambda: at.shop.spoil("falho", None),
        says=("Reason: Z-API answered with a server error (server_error).",),
    )
    yield Trouble(
        "ZapiInstanceValuesStale",
        "calado",
        "[CRITICAL] Nothing is known of calado any more",
        CRITICAL,
        begin=lambda: at.depot.spoil("calado", silence()),
        mend=lambda: at.depot.spoil("calado", None),
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
        begin=lambda: at.office.set("recusado", token="RENEWED"),
        mend=lambda: reload(at.office, tokens={"recusado": "RENEWED"}),
        says=("Z-API knows no instance with this id and token (not_found).",),
    )
    yield Trouble(
        "ZapiInstanceWrongInstance",
        "trocado",
        "[WARNING] Polls of trocado are answered for another instance",
        WARNING,
        begin=lambda: at.branch.spoil("trocado", me_with("id", '"F00D"', "another instance's")),
        mend=lambda: at.branch.spoil("trocado", None),
    )


def of_many_instances(at: Fleets) -> Iterator[Trouble]:
    yield Trouble(
        "ZapiManyInstancesDisconnected",
        "crowd",
        "instances of crowd were disconnected from WhatsApp",
        CRITICAL,
        begin=lambda: set_all(at.crowd, connected=False),
        mend=lambda: set_all(at.crowd, connected=True),
        says=("Some of them: crowd-",),
        lasts=12,  # after five, each would be told by itself
    )
    yield Trouble(
        "ZapiApiDown",
        "outage",
        "[CRITICAL] Z-API cannot be polled for 6 instances of outage",
        CRITICAL,
        begin=lambda: spoil_all(at.outage, html_error(502)),
        mend=lambda: spoil_all(at.outage, None),
        says=("6 of them: Z-API answered with a server error (server_error).",),
        lasts=24,  # after seven, polls of each would be said to fail, and after twenty, its values to be stale
    )
    yield Trouble(
        "ZapiRateLimited",
        "limited",
        "[WARNING] Z-API limits the polls of limited",
        WARNING,
        begin=lambda: spoil_all(at.limited, rate_limited(None)),
        mend=lambda: spoil_all(at.limited, None),
        says=("Reason: Z-API asks for fewer requests (rate_limited).",),
        starts=14,  # there are ten minutes to compare with
    )


def of_an_exporter(at: Fleets, running: Chain) -> Iterator[Trouble]:
    yield Trouble(
        "ZapiInstanceDisconnected",
        "caixa",
        "[CRITICAL] caixa is disconnected from WhatsApp",
        CRITICAL,
        begin=lambda: at.mortal.set("caixa", connected=False),
        mend=lambda: at.mortal.set("caixa", connected=True),
        lasts=30,  # beyond the death of its exporter, which must neither end nor repeat it
    )
    yield Trouble(
        "ZapiExporterDown",
        at.mortal.address,
        f"[CRITICAL] The exporter at {at.mortal.address} cannot be scraped",
        CRITICAL,
        begin=at.mortal.kill,
        mend=at.mortal.start,
        says=("of job mortal for 3 minutes",),
        starts=9,
    )
    yield Trouble(
        "ZapiExporterTargetLost",
        "shards",
        "[CRITICAL] Job shards has fewer exporters than an hour ago",
        CRITICAL,
        begin=lambda: running.scrape("shards", [at.shards.address]),
        mend=lambda: running.scrape("shards", two_names(at.shards)),
        says=("An hour ago Prometheus scraped 2 exporters of job shards",),
        starts=16,  # it is told between one hour after the first scrape and one after the loss
    )
    yield Trouble(
        "ZapiExporterBehind",
        at.slow.address,
        f"[WARNING] The exporter at {at.slow.address} polls ",
        WARNING,
        begin=lambda: set_all(at.slow, delay=0.9),
        mend=lambda: set_all(at.slow, delay=0.0),
        says=("(job slow)", "after they are due"),
    )
    yield Trouble(
        "ZapiExporterReloadFailed",
        at.depot.address,
        f"[WARNING] The exporter at {at.depot.address} refused its new configuration",
        WARNING,
        begin=lambda: reload(at.depot, text="instances: []\n"),
        mend=lambda: reload(at.depot),
    )


def flapping(fleet: Fleet) -> Timeline:
    """Connected for two minutes and a bit, then disconnected for as long, and so on: never for five."""
    phase = 2.2 * 60 / fleet.speed
    return Timeline((Phase(phase, connected=True), Phase(phase, connected=False)))


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
    try:
        urlopen(Request(f"{fleet.running.url}/-/reload", method="POST"), timeout=30).close()
    except HTTPError as refused:
        refused.close()
