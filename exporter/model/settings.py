"""The configuration as the rest of the exporter sees it: resolved, checked and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.shard import WHOLE, Shard

DEFAULT_PROBE_MAX_AGE: Final = 5.0
DEFAULT_REFRESH: Final = 600.0
DEFAULT_PAGE_SIZE: Final = 20

CONFIG_SOURCE: Final = "config"
FILE_PREFIX: Final = "file:"
ACCOUNT_PREFIX: Final = "account:"
"""What the names of sources are, or begin with."""


@dataclass(frozen=True, slots=True)
class Api:
    """How Z-API is reached. ``timeout`` is the whole poll in seconds, name lookup to last byte.

    ``ca_pem`` are the certificates of the authorities to trust, in PEM form and ASCII; ``None`` is the public ones.
    """

    base_url: str
    timeout: float
    ca_pem: str | None


@dataclass(frozen=True, slots=True)
class Polling:
    """When instances are polled. All are seconds but ``concurrency``, which is at least 1.

    ``/probe`` polls anew only where the last poll is older than ``probe_max_age``.
    """

    interval: float
    concurrency: int
    stale_after: float
    probe_max_age: float = DEFAULT_PROBE_MAX_AGE


@dataclass(frozen=True, slots=True)
class Instance:
    """One Z-API instance, with everything it inherits already filled in.

    ``expected_webhooks`` maps a webhook's name to the URL it must have, or to ``None`` where any URL will do.
    ``collect`` is what is asked of the instance beside ``/me``.
    """

    name: str
    id: str
    token: Secret
    client_token: Secret | None
    labels: Mapping[str, str]
    expected_webhooks: Mapping[str, Secret | None]
    collect: frozenset[Collector] = frozenset()
    source: str = CONFIG_SOURCE
    """The name of the :class:`InstanceSource` that it comes from."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account at Z-API. Its instances whose name matches ``include`` and not ``exclude`` are polled.

    Both are shell patterns. ``refresh`` is the seconds between two readings of its list, ``page_size`` how many
    instances one page has. ``client_token``, ``labels``, ``expected_webhooks`` and ``collect`` are those of its
    instances.
    """

    name: str
    partner_token: Secret
    refresh: float = DEFAULT_REFRESH
    page_size: int = DEFAULT_PAGE_SIZE
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    client_token: Secret | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    expected_webhooks: Mapping[str, Secret | None] = field(default_factory=dict)
    collect: frozenset[Collector] = frozenset()

    @property
    def source(self) -> str:
        """The name of its :class:`InstanceSource`."""
        return f"{ACCOUNT_PREFIX}{self.name}"


@dataclass(frozen=True, slots=True)
class InstanceSource:
    """A source of instances: ``config``, ``file:`` and a path, or ``account:`` and a name.

    ``problems`` says why the last reading failed; ``instances`` are those of the last good reading. The other fields
    are for accounts only: ``last_success`` is when the last good reading ended, in unix seconds, ``skipped`` the number
    of listed instances without a token, ``refresh`` the seconds between two readings. ``is_read`` is false until the
    list has been requested for the first time.
    """

    name: str
    instances: tuple[Instance, ...]
    problems: tuple[str, ...] = ()
    last_success: float | None = None
    skipped: int = 0
    is_read: bool = True
    refresh: float | None = None

    @property
    def is_tried(self) -> bool:
        """Whether it was read once, could not be read, or is known from the cache."""
        return self.is_read or self.last_success is not None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration. ``files`` are the files that it was read from.

    ``secret_files`` are those of them that hold a secret: the document only if one is written out in it.
    ``warnings`` are possible mistakes, which do not make it invalid. ``ca_variable`` is the environment variable that
    named the authorities, if one did.
    ``paid_statuses`` and ``unpaid_statuses`` are lower-case and share none. ``sources`` have all instances,
    ``instances`` those that ``shard`` owns.
    """

    api: Api
    polling: Polling
    paid_statuses: frozenset[str]
    unpaid_statuses: frozenset[str]
    instances: tuple[Instance, ...]
    files: tuple[Path, ...]
    secret_files: tuple[Path, ...] = ()
    sources: tuple[InstanceSource, ...] = ()
    warnings: tuple[str, ...] = ()
    ca_variable: str | None = None
    accounts: tuple[Account, ...] = ()
    shard: Shard = WHOLE
