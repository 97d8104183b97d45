"""The demo's scenario: which instances there are, what happens to each, and what the exporter is told of it."""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

from exporter.demo.faults import html_error, rate_limited
from exporter.demo.instances import (
    Phase,
    SimulatedAccount,
    SimulatedInstance,
    SimulatedQueue,
    Timeline,
)
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.settings import (
    CONFIG_SOURCE,
    FILE_PREFIX,
    Account,
    Api,
    Config,
    Instance,
    InstanceSource,
    Polling,
)

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_HEALTHY_PER_TROUBLE: Final = 10
_ACCOUNT: Final = "matriz"
_FILE: Final = f"{FILE_PREFIX}teams/finance.yaml"
"""A source of the demo that stands for an instance file; there is no such file."""
_TEAM_OF_FILE: Final = "finance"


class Role(Enum):
    """What is the matter with an instance."""

    HEALTHY = "nothing"
    SLOW = "answers after two to three seconds"
    DUE_SOON = "expires in six days"
    FLAPPING = "loses its connection and finds it again, every minute or two"
    NEEDS_QR_SCAN = "is disconnected and stays so"
    QUEUE_STUCK = "is connected, but its messages have not left for two and a half days"
    WEBHOOKS_WIPED = "lost its webhooks"
    OVERDUE = "expired three days ago and is not paid"
    TOKEN_REVOKED = "has another token than the exporter knows"
    WEBHOOK_MUTED = "is on trial, and a filter keeps its messages from its webhook"
    PHONE_OFFLINE = "is connected, but its phone is switched off"
    SESSION_TO_RESTORE = "is disconnected, and its session only has to be restored"
    QUEUE_FULL = "is disconnected, and its queue nearly full"
    SERVER_ERRORS = "answers 503 now and then"
    TEST_WEBHOOK = "delivers its messages to a test system"
    RATE_LIMITED = "answers 429 now and then"
    DUE_NOW = "expires in twenty hours"


FINE: Final = frozenset({Role.HEALTHY, Role.SLOW, Role.DUE_SOON})
"""Roles of instances that are up, connected, paid and have the webhooks they should have, at all times."""

_TROUBLE: Final = tuple(role for role in Role if role not in FINE)
_GOOD: Final = (Role.HEALTHY, Role.DUE_SOON, Role.HEALTHY, Role.SLOW, *(Role.HEALTHY,) * 10)

_NAMES: Final = (
    ("vendas", "sales"),
    ("recepção", "support"),
    ("suporte-técnico", "support"),
    ("cobrança", "finance"),
    ("pós-venda", "sales"),
    ("agendamento", "support"),
    ("financeiro", "finance"),
    ("orçamentos", "sales"),
    ("logística", "support"),
    ("matrículas", "sales"),
    ("ouvidoria", "support"),
    ("assistência-técnica", "support"),
    ("farmácia", "sales"),
    ("crédito", "finance"),
    ("promoções", "sales"),
    ("plantão", "support"),
    ("locação", "sales"),
    ("confirmações", "support"),
)
"""An instance's name and its team."""


@dataclass(frozen=True, slots=True)
class ScenarioInstance:
    """One instance of the scenario: how the server simulates it, and how the exporter is configured for it."""

    role: Role
    simulated: SimulatedInstance
    configured: Instance


def build_scenario(count: int, now: float, seed: int = 0) -> tuple[ScenarioInstance, ...]:
    """Return the first ``count`` (≥ 1) instances; ``now`` is unix seconds.

    About half of a small scenario and nine tenths of a large one are fine. The same arguments give the same one,
    credentials included; all of them are made up and begin with FACADE.
    """
    return tuple(
        build_instance(number, role, now, seed)
        for number, role in enumerate(itertools.islice(_roles(), count))
    )


def _roles() -> Iterator[Role]:
    for trouble, good in zip(_TROUBLE, _GOOD, strict=True):
        yield trouble
        yield good
    for trouble in itertools.cycle(_TROUBLE):
        yield from (Role.HEALTHY,) * _HEALTHY_PER_TROUBLE
        yield trouble


def build_instance(number: int, role: Role, now: float, seed: int) -> ScenarioInstance:
    """Return the instance of this number, counted from 0, with what its role does to it."""
    rng = random.Random(f"{seed}/{number}")
    variant, place = divmod(number, len(_NAMES))
    base, team = _NAMES[place]
    name = base if variant == 0 else f"{base}-{variant + 1}"
    webhook = f"https://hooks.example.com/zapi/{_made_up(rng)}"
    instance = SimulatedInstance(
        id=_made_up(rng),
        token=_made_up(rng),
        client_token=account_token(seed),
        name=f"Loja {variant + 1} · {base}",
        due=now + rng.uniform(20, 360) * _DAY,
        created=now - rng.uniform(30, 1000) * _DAY,
        payment_status=rng.choice(("PAID", "paid")),
        webhooks={"received": webhook, "disconnected": webhook, "delivery": webhook},
        muted=None if number % 2 else frozenset(),
        settings={"auto_read_message": rng.random() < 0.3, "call_reject_auto": rng.random() < 0.5},
        call_reject_message="No momento não podemos atender.",
        extra={"tenant": _made_up(rng), "middleware": "web"},
        delay=rng.uniform(0.02, 0.15),
    )
    configured = Instance(
        name=name,
        id=instance.id,
        token=Secret(instance.token),
        client_token=Secret(account_token(seed)),
        labels=MappingProxyType({"team": team, "environment": "staging" if place % 6 == 5 else "production"}),
        expected_webhooks=MappingProxyType({"received": Secret(webhook), "disconnected": None}),
        collect=frozenset(Collector),
    )
    return ScenarioInstance(role, _AFFLICTIONS[role](instance, now, rng), configured)


def account_token(seed: int) -> str:
    """Return the made-up account's Client-Token."""
    return _made_up(random.Random(f"{seed}/account"))


def partner_token(seed: int) -> str:
    """Return the made-up account's partner token."""
    return _made_up(random.Random(f"{seed}/partner"))


def _made_up(rng: random.Random) -> str:
    return f"FACADE{rng.getrandbits(104):026X}"


Afflict = Callable[[SimulatedInstance, float, random.Random], SimulatedInstance]
"""Gives an instance the trouble of a role; its other arguments are unix seconds and the source of randomness."""


def _test_webhook(instance: SimulatedInstance, now: float, rng: random.Random) -> SimulatedInstance:
    url = f"https://test.example.net/inbox/{_made_up(rng)}"
    return replace(instance, webhooks={**instance.webhooks, "received": url})


def _through(*phases: Phase) -> Afflict:
    """Return a function that plays these phases, starting within the first 60 % of the first one."""

    def afflict(instance: SimulatedInstance, now: float, rng: random.Random) -> SimulatedInstance:
        offset = rng.uniform(0.0, phases[0].lasts * 0.6)
        return replace(instance, timeline=Timeline(phases, offset))

    return afflict


_AFFLICTIONS: Final[Mapping[Role, Afflict]] = MappingProxyType(
    {
        Role.HEALTHY: lambda one, now, rng: one,
        Role.SLOW: lambda one, now, rng: replace(one, delay=rng.uniform(2.0, 3.0)),
        Role.DUE_SOON: lambda one, now, rng: replace(one, due=now + 6 * _DAY),
        Role.FLAPPING: _through(Phase(75.0, connected=True), Phase(40.0, connected=False)),
        Role.NEEDS_QR_SCAN: lambda one, now, rng: replace(
            one, connected=False, phone_online=False, queue=SimulatedQueue(140, now - 2 * _HOUR)
        ),
        Role.WEBHOOK_MUTED: lambda one, now, rng: replace(
            one, payment_status="TRIALING", muted=frozenset({"received"})
        ),
        Role.WEBHOOKS_WIPED: lambda one, now, rng: replace(one, webhooks={}),
        Role.OVERDUE: lambda one, now, rng: replace(one, due=now - 3 * _DAY, payment_status="OVERDUE"),
        Role.TOKEN_REVOKED: lambda one, now, rng: replace(one, token=_made_up(rng)),
        Role.SERVER_ERRORS: _through(Phase(70.0), Phase(25.0, fault=html_error(503))),
        Role.TEST_WEBHOOK: _test_webhook,
        Role.RATE_LIMITED: _through(Phase(60.0), Phase(35.0, fault=rate_limited("15"))),
        Role.DUE_NOW: lambda one, now, rng: replace(one, due=now + 20 * _HOUR),
        Role.PHONE_OFFLINE: lambda one, now, rng: replace(one, phone_online=False),
        Role.SESSION_TO_RESTORE: lambda one, now, rng: replace(one, connected=False, restorable=True),
        Role.QUEUE_STUCK: lambda one, now, rng: replace(one, queue=SimulatedQueue(380, now - 2.5 * _DAY)),
        Role.QUEUE_FULL: lambda one, now, rng: replace(
            one, connected=False, phone_online=False, queue=SimulatedQueue(960, now - 20 * _HOUR)
        ),
    }
)


def demo_config(scenario: Sequence[ScenarioInstance], base_url: str, *, ca_pem: str | None = None) -> Config:
    """Return the configuration to poll the scenario at ``base_url``, every ten seconds so that changes show soon."""
    return Config(
        api=Api(base_url=base_url, timeout=5.0, ca_pem=ca_pem),
        polling=Polling(interval=10.0, concurrency=32, stale_after=60.0),
        paid_statuses=frozenset({"paid"}),
        unpaid_statuses=frozenset({"overdue"}),
        instances=tuple(each.configured for each in scenario),
        files=(),
    )


def demo_account(scenario: Sequence[ScenarioInstance]) -> SimulatedAccount:
    """Return the account that lists some instances of the scenario, by their names in the configuration."""
    names = {each.configured.id: each.configured.name for each in _listed(scenario)}
    return SimulatedAccount(
        partner_token(0), tuple(names), change=lambda item: {**item, "name": names[item["id"]]}
    )


def with_demo_sources(config: Config, scenario: Sequence[ScenarioInstance]) -> Config:
    """Return the same configuration with one source of each kind, if the scenario has enough instances for that."""
    listed = {each.configured.id for each in _listed(scenario)}
    file = tuple(
        replace(each.configured, source=_FILE)
        for each in scenario
        if each.configured.labels["team"] == _TEAM_OF_FILE
    )
    elsewhere = listed | {instance.id for instance in file}
    own = tuple(instance for instance in config.instances if instance.id not in elsewhere)
    sources = (InstanceSource(CONFIG_SOURCE, own), *((InstanceSource(_FILE, file),) if file else ()))
    return replace(
        config,
        sources=sources,
        instances=(*own, *file),
        accounts=tuple(_account(each.configured) for each in _listed(scenario)[:1]),
    )


def _listed(scenario: Sequence[ScenarioInstance]) -> tuple[ScenarioInstance, ...]:
    """Return the healthy instances with the same settings as the first one; the account lists them."""
    healthy = [each for each in scenario if each.role is Role.HEALTHY]
    return tuple(each for each in healthy if _shared(each.configured) == _shared(healthy[0].configured))


def _shared(instance: Instance) -> tuple[object, ...]:
    """Return what all instances of an account have in common."""
    return instance.labels, instance.collect, instance.client_token, instance.expected_webhooks.keys()


def _account(example: Instance) -> Account:
    return Account(
        name=_ACCOUNT,
        partner_token=Secret(partner_token(0)),
        refresh=30.0,
        client_token=example.client_token,
        labels=example.labels,
        expected_webhooks=MappingProxyType(dict.fromkeys(example.expected_webhooks)),
        collect=example.collect,
    )
