"""What the exporter is configured with to poll a scenario."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
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
_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON leaves as it is, but YAML refuses or takes for the end of a line."""


def demo_config(members: Sequence[ScenarioInstance], base_url: str, *, ca_pem: str | None = None) -> Config:
    """The configuration to poll the scenario at ``base_url``: every ten seconds, so that a viewer sees it move."""
    return Config(
        api=Api(base_url=base_url, timeout=5.0, ca_pem=ca_pem),
        polling=Polling(interval=10.0, concurrency=32, stale_after=60.0),
        paid_statuses=frozenset({"paid"}),
        unpaid_statuses=frozenset({"overdue"}),
        instances=tuple(member.configured for member in members),
        files=(),
    )


def demo_account(members: Sequence[ScenarioInstance]) -> SimulatedAccount:
    """The account that lists some instances of the scenario, by the names that they have in the configuration."""
    names = {member.configured.id: member.configured.name for member in _listed(members)}
    return SimulatedAccount(
        partner_token(0), tuple(names), change=lambda item: {**item, "name": names[item["id"]]}
    )


def with_demo_sources(config: Config, members: Sequence[ScenarioInstance]) -> Config:
    """The same configuration with one source of each kind, if the scenario is large enough to be shared among them."""
    listed = {member.configured.id for member in _listed(members)}
    file = tuple(
        replace(member.configured, source=_FILE)
        for member in members
        if member.configured.labels["team"] == _TEAM_OF_FILE
    )
    elsewhere = listed | {instance.id for instance in file}
    own = tuple(instance for instance in config.instances if instance.id not in elsewhere)
    sources = (InstanceSource(CONFIG_SOURCE, own), *((InstanceSource(_FILE, file),) if file else ()))
    return replace(
        config,
        sources=sources,
        instances=(*own, *file),
        accounts=tuple(_account(member.configured) for member in _listed(members)[:1]),
    )


def _listed(members: Sequence[ScenarioInstance]) -> tuple[ScenarioInstance, ...]:
    """The members that come from the account: to whom nothing happens, and who are configured as the first such."""
    healthy = [member for member in members if member.role is Role.HEALTHY]
    return tuple(member for member in healthy if _shared(member.configured) == _shared(healthy[0].configured))


def _shared(instance: Instance) -> tuple[object, ...]:
    """What all instances of an account have in common."""
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


def write_config(config: Config, path: Path, *, ca_file: Path | None = None) -> None:
    """Write it as a configuration file, made-up secrets included, readable by its owner alone.

    ``ca_file`` holds the authorities to trust.

    Raises OSError where it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _lines(config, ca_file))


def _lines(config: Config, ca_file: Path | None) -> Iterator[str]:
    accounts = {instance.client_token for instance in config.instances}
    account = accounts.pop() if len(accounts) == 1 else None
    yield "api:"
    yield f"  base_url: {_scalar(config.api.base_url)}"
    if account is not None:
        yield f"  client_token: {_scalar(account.reveal())}"
    yield f"  timeout: {_duration(config.api.timeout)}"
    if ca_file is not None:
        yield f"  ca_file: {_scalar(str(ca_file))}"
    yield "polling:"
    yield f"  interval: {_duration(config.polling.interval)}"
    yield f"  concurrency: {config.polling.concurrency}"
    yield f"  stale_after: {_duration(config.polling.stale_after)}"
    yield "payment:"
    for key, statuses in (("paid", config.paid_statuses), ("unpaid", config.unpaid_statuses)):
        yield f"  {key}_statuses: [{', '.join(map(_scalar, sorted(statuses)))}]"
    yield "instances:"
    for instance in config.instances:
        yield from _instance(instance, account)


def _instance(instance: Instance, account: Secret | None) -> Iterator[str]:
    yield f"  - name: {_scalar(instance.name)}"
    yield f"    id: {_scalar(instance.id)}"
    yield f"    token: {_scalar(instance.token.reveal())}"
    if instance.client_token is not None and account is None:
        yield f"    client_token: {_scalar(instance.client_token.reveal())}"
    if instance.collect:
        yield f"    collect: [{', '.join(sorted(each.value for each in instance.collect))}]"
    yield "    labels:"
    for label, value in instance.labels.items():
        yield f"      {label}: {_scalar(value)}"
    yield "    expected_webhooks:"
    for webhook, url in instance.expected_webhooks.items():
        yield f"      {webhook}: {'null' if url is None else _scalar(url.reveal())}"


def _scalar(text: str) -> str:
    """A quoted YAML string that the exporter expands to just this text."""
    quoted = json.dumps(text.replace("$", "$$"), ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
