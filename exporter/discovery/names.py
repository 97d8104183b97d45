"""The listed instances of accounts → a unique name for each. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model.account_list import ListedInstance
from exporter.zapi.secret_scan import SecretScanner

_LONG_WORD: Final = re.compile(r"[A-Za-z0-9_-]{12,}")
"""A word that may be a token; few names have one."""


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
    if not name or own.finds_secret(name) or (_LONG_WORD.search(name) and others.finds_secret(name)):
        return instance.id
    return name


def _precedence(claim: Claim, before: Mapping[str, str]) -> tuple[bool, float]:
    had_it = before.get(claim.instance.identity) == claim.name
    created = claim.instance.created
    return not had_it, float("inf") if created is None else created
