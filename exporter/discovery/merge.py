"""A configuration and the lists of its accounts → the configuration with all instances, each with a unique name.

An instance that the configuration or one of its files has is polled with the settings from there, even if an account
lists it too. If several accounts list an instance, the first one in the configuration counts.
"""

import itertools
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from unicodedata import normalize

from exporter.discovery.known_list import KnownList
from exporter.discovery.readers import AskPage
from exporter.model.account_list import ListedInstance, Listing
from exporter.model.secret import SecretScanner, may_hold_token
from exporter.model.settings import CONFIG_SOURCE, Account, Config, Instance, InstanceSource
from exporter.zapi.instance_list import read_listing


@dataclass(frozen=True, slots=True)
class Claim:
    """An instance and the name that it should have."""

    instance: ListedInstance
    name: str


def assign_names(
    claims: Sequence[Claim], taken: Collection[str], before: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the name of each instance by its identity; no two have the same, and none has one that is ``taken``.

    ``before`` are the previous names. If several instances claim a name, the one that had it before gets it, or else
    the one created first; the others are called ``NAME (ID)``.
    """
    used, names = set(taken), dict[str, str]()
    for claim in sorted(claims, key=lambda claim: _precedence(claim, before)):
        name, number = claim.name, 1
        if name in used:
            name = f"{claim.name} ({claim.instance.id})"
        while name in used:
            number += 1
            name = f"{claim.name} ({claim.instance.id}) {number}"
        used.add(name)
        names[claim.instance.identity] = name
    return names


def claimed_name(instance: ListedInstance, own: SecretScanner, others: SecretScanner) -> str:
    """Return the name that an instance should have: Z-API's, or its id where that is empty or holds a secret.

    ``own`` finds the secrets of the instance and its account, ``others`` the tokens of all instances.
    """
    name = instance.name
    if not name or own.finds_secret(name) or (may_hold_token(name) and others.finds_secret(name)):
        return instance.id
    return name


def _precedence(claim: Claim, before: Mapping[str, str]) -> tuple[bool, float]:
    had_it = before.get(claim.instance.identity) == claim.name
    created = claim.instance.created
    return not had_it, float("inf") if created is None else created


class Merger:
    """Merges again after each change, and remembers which instance had which name. For one thread at a time."""

    def __init__(self) -> None:
        self._names: Mapping[str, str] = {}
        self._instances: Mapping[str, Instance] = {}
        self._of_accounts: Mapping[str, tuple[Instance, ...]] = {}
        self._made_of: tuple[Config, tuple[Listing, ...]] | None = None

    def merge(self, config: Config, lists: Mapping[str, KnownList]) -> Config:
        """Return the configuration with the instances of ``lists``, which are by the account's name."""
        if not config.accounts:
            return config
        declared = config.sources or (InstanceSource(CONFIG_SOURCE, config.instances),)
        self._update(config, declared, lists)
        accounts = tuple(
            _source(account, self._of_accounts[account.name], lists[account.name])
            for account in config.accounts
        )
        sources = (*declared, *accounts)
        instances = (instance for source in sources for instance in source.instances)
        return replace(
            config,
            sources=sources,
            instances=tuple(instance for instance in instances if config.shard.owns(instance.name)),
        )

    def _update(
        self, config: Config, declared: tuple[InstanceSource, ...], lists: Mapping[str, KnownList]
    ) -> None:
        """Name and make the instances of accounts, unless nothing has changed: 10,000 take 0.4 s."""
        listings = tuple(lists[account.name].instances for account in config.accounts)
        made_of = self._made_of
        if made_of and made_of[0] is config and all(map(operator.is_, made_of[1], listings)):
            return
        self._made_of = config, listings
        chosen = _choose(config, declared, lists)
        others = SecretScanner(*(item.token for _, item in chosen))
        claims = [
            Claim(item, claimed_name(item, _own_secrets(account, item), others)) for account, item in chosen
        ]
        taken = {instance.name for source in declared for instance in source.instances}
        self._names = assign_names(claims, taken, self._names)
        found: dict[str, list[Instance]] = {account.name: [] for account in config.accounts}
        for account, item in chosen:
            found[account.name].append(self._instance(account, item))
        self._of_accounts = {name: tuple(instances) for name, instances in found.items()}
        self._instances = {each.id.casefold(): each for each in itertools.chain(*found.values())}

    def _instance(self, account: Account, item: ListedInstance) -> Instance:
        """Return the instance; the same object where nothing of it has changed."""
        assert item.token is not None
        made = Instance(
            name=self._names[item.identity],
            id=item.id,
            token=item.token,
            client_token=account.client_token,
            labels=account.labels,
            expected_webhooks=account.expected_webhooks,
            collect=account.collect,
            source=account.source,
        )
        known = self._instances.get(item.identity)
        return known if known == made else made


def _choose(
    config: Config, declared: tuple[InstanceSource, ...], lists: Mapping[str, KnownList]
) -> list[tuple[Account, ListedInstance]]:
    """Return the listed instances that are polled, each with the first account that lists it."""
    seen = {instance.id.casefold() for source in declared for instance in source.instances}
    chosen = []
    for account in config.accounts:
        for item in lists[account.name].instances:
            if item.identity not in seen and _is_wanted(account, item):
                seen.add(item.identity)
                chosen.append((account, item))
    return chosen


def _is_wanted(account: Account, item: ListedInstance) -> bool:
    """Return whether an instance has a token, matches the patterns, and has no secret in its id."""
    return (
        item.token is not None
        and _matches(item.name, account.include)
        and not _matches(item.name, account.exclude)
        and not _own_secrets(account, item).finds_secret(item.id)
    )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a pattern matches, however both are written: an accent is one character or two."""
    return any(fnmatchcase(normalize("NFC", name), normalize("NFC", pattern)) for pattern in patterns)


def _own_secrets(account: Account, item: ListedInstance) -> SecretScanner:
    return SecretScanner(item.token, account.partner_token, account.client_token)


def _source(account: Account, instances: tuple[Instance, ...], known: KnownList) -> InstanceSource:
    failure = known.failure
    return InstanceSource(
        name=account.source,
        instances=instances,
        problems=() if failure is None else (failure.detail,),
        last_success=known.last_success,
        skipped=sum(item.token is None for item in known.instances),
        is_read=known.is_read,
        refresh=account.refresh,
    )


def with_lists(config: Config, ask: AskPage, now: float) -> Config:
    """Read the list of each account once and return the configuration with their instances.

    The source of an account whose list cannot be read says why. ``now`` is unix time.
    """
    lists = {
        account.name: KnownList().after(read_listing(partial(ask, account)), now)
        for account in config.accounts
    }
    return Merger().merge(config, lists)
