"""What the exporter is configured with to poll a scenario."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from exporter.demo.accounts import SimulatedAccount
from exporter.demo.scenario import Role, ScenarioInstance, partner_token
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

_ACCOUNT: Final = "matriz"
_FILE: Final = f"{FILE_PREFIX}teams/finance.yaml"
"""A source of the demo that stands for an instance file; there is no such file."""
_TEAM_OF_FILE: Final = "finance"


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
    """Return the healthy instances that are configured as the first of them: these come from the account."""
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
