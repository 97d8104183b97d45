"""The command line as a value."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.model.shard import Shard

DEFAULT_CONFIG: Final = Path("config.yaml")


@dataclass(frozen=True, slots=True)
class ExternalUrl:
    """Where others reach the exporter. ``path`` is empty or begins with a slash, and ends with none."""

    scheme: str
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Options:
    """The parsed command line.

    ``route_prefix`` is what all paths begin with: empty, or in the form of :attr:`ExternalUrl.path`. ``accounts`` asks
    for the lists of accounts in a check, and ``accounts_cache`` is the folder in which lists are kept. ``demo`` is the
    number of simulated instances, ``None`` without the demo; ``auto_reload_interval`` is seconds.
    """

    config_file: Path
    config_check: bool
    auto_reload: bool
    auto_reload_interval: float
    once: bool
    demo: int | None
    shard: Shard
    listen_addresses: tuple[str, ...]
    telemetry_path: str
    external_url: ExternalUrl | None
    route_prefix: str
    web_config_file: Path | None
    log_level: str
    log_format: str
    accounts: bool = False
    accounts_cache: Path | None = None
