"""Parts restart, scrapes are lost and Z-API is away while troubles last: nothing is told twice, or ended early."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from exporter.demo.faults import html_error
from exporter.model.clock import SystemClock
from tests.system.chain.chain import Chain, chain
from tests.system.chain.fleets import DAY, Fleet, numbered, polled
from tests.system.chain.story import Story, Trouble

SPEED: Final = 20
"""A minute is three seconds: Prometheus, which needs five to find its targets, is away for about three minutes."""
LONGEST: Final = 25
"""Minutes that the slowest of these alerts takes to be told, or its end, and some more."""

PATIENT: Final = {"exporter_down_seconds": 1800}
"""How long the machine takes to start an exporter again must not be told."""

CRITICAL: Final = ("on-call", "everybody")
WARNING: Final = ("everybody",)

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.needs("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(2700),
]


def test_restarts_in_the_middle_of_troubles_repeat_and_end_nothing(tmp_path: Path) -> None:
    shop = Fleet("shop", ["vendas", "vencido", "falho", *numbered("shop", 6)], teams={"vendas": "sales"})
    lossy = Fleet("lossy", ["caixa", "atrasado", *numbered("lossy", 6)])
    with ExitStack() as ending:
        ending.enter_context(polled(tmp_path, [shop, lossy], speed=SPEED))
        targets = {fleet.job: fleet.addresses for fleet in (shop, lossy)}
        running = ending.enter_context(chain(tmp_path, targets, speed=SPEED, thresholds=PATIENT))
        lossy.pods[0].gate.lose_one_in = 3
        story = Story(running, list(troubles(shop, lossy)), LONGEST, list(restarts(running, shop, lossy)))
        story.play()

        assert not story.wrong(), "\n".join(story.wrong())


def troubles(shop: Fleet, lossy: Fleet) -> Iterator[Trouble]:
    """The same with all scrapes and with two of three, and one that only an outage of Z-API brings."""
    yield disconnected(shop, "vendas", ("on-call", "sales"))
    yield disconnected(lossy, "caixa", CRITICAL)
    yield expired(shop, "vencido")
    yield expired(lossy, "atrasado")
    yield Trouble(
        "ZapiInstancePollsFailing",
        {"job": "shop", "name": "falho"},
        WARNING,
        begin=lambda: shop.spoil("falho", html_error(503)),
        mend=lambda: shop.spoil("falho", None),
        ending="[RESOLVED] falho can be polled again",
    )
    yield on_the_way("ZapiInstanceValuesStale", {"job": "shop", "name": "falho"})
    yield on_the_way("ZapiApiDown", {"job": "lossy"})


def on_the_way(alert: str, labels: dict[str, str]) -> Trouble:
    return Trouble(alert, labels, CRITICAL, begin=lambda: None, mend=lambda: None, during=True)


def disconnected(fleet: Fleet, name: str, receivers: tuple[str, ...]) -> Trouble:
    return Trouble(
        "ZapiInstanceDisconnected",
        {"job": fleet.job, "name": name},
        receivers,
        begin=lambda: fleet.set(name, connected=False),
        mend=lambda: fleet.set(name, connected=True),
        title=f"[CRITICAL] {name} is disconnected from WhatsApp",
        ending=f"[RESOLVED] {name} is connected again",
    )


def expired(fleet: Fleet, name: str) -> Trouble:
    return Trouble(
        "ZapiInstanceExpired",
        {"job": fleet.job, "name": name},
        CRITICAL,
        begin=lambda: fleet.set(name, due=SystemClock().time() - 3 * DAY),
        mend=lambda: fleet.set(name, due=SystemClock().time() + 300 * DAY),
        title=f"[CRITICAL] The subscription of {name} has expired",
        ending=f"[RESOLVED] The subscription of {name} was renewed",
    )


def restarts(running: Chain, shop: Fleet, lossy: Fleet) -> Iterator[Callable[[], object]]:
    for happening in (
        running.restart_prometheus,
        running.restart_alertmanager,
        shop.restart,
        lossy.restart,
    ):
        yield happening
        yield lambda: running.let_pass(2)
    yield lambda: outage(running, lossy)


def outage(running: Chain, fleet: Fleet) -> None:
    """Z-API is away for long enough to be told, and for all values to be withdrawn."""
    fleet.spoil_all(html_error(502))
    running.let_pass(6)
    fleet.spoil_all(None)
    running.let_pass(3)
