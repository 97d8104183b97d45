"""The configuration as the rest of the exporter sees it: resolved, checked and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Api:
    """How Z-API is reached. ``timeout`` is the whole poll in seconds, name lookup to last byte."""

    base_url: str
    timeout: float
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class Polling:
    """When instances are polled. ``interval`` and ``stale_after`` are seconds, ``concurrency`` ≥ 1."""

    interval: float
    concurrency: int
    stale_after: float


@dataclass(frozen=True, slots=True)
class Instance:
    """One Z-API instance, with everything it inherits already filled in.

    ``expected_webhooks`` maps a webhook's name to the URL it must have, or to ``None`` where any URL will do.
    """

    name: str
    id: str
    token: Secret
    client_token: Secret | None
    labels: Mapping[str, str]
    expected_webhooks: Mapping[str, Secret | None]


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration. ``files`` are the files it was read from: the document, then every secret file.

    ``secret_files`` are those of them that hold a secret: the document only if one is written out in it.
    ``paid_statuses`` and ``unpaid_statuses`` are lower-case and share none.
    """

    api: Api
    polling: Polling
    paid_statuses: frozenset[str]
    unpaid_statuses: frozenset[str]
    instances: tuple[Instance, ...]
    files: tuple[Path, ...]
    secret_files: tuple[Path, ...] = ()
