"""A daemon that polls the accounts of a simulated Z-API over real HTTP."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from exporter.daemon import Daemon
from exporter.demo.instances import SimulatedInstance
from exporter.discovery.cache import ListCache
from exporter.fleet.store import InstanceView
from exporter.metrics.exposition import Format
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import SystemClock
from exporter.model.secret import Secret
from exporter.model.settings import Account, Config, Instance, InstanceSource
from harness.waiting import wait_until
from simulator.list_faults import FaultyAccount
from simulator.server import SimulatedZapi
from tests.builders import a_config, a_simulated, some_polling

NAMES = ("vendas", "suporte", "financeiro")
PARTNER = "PARTNER-CANARY"
OFTEN = 0.05
"""Seconds between two readings of a list."""


def simulated(name: str) -> SimulatedInstance:
    return a_simulated(name, token=f"TOKEN-CANARY-{name}", name=name)


def listing(*names: str, token: str = PARTNER, **fields: Any) -> FaultyAccount:
    return FaultyAccount(token, [f"ID-{name}" for name in names], **fields)


def an_account(
    name: str = "matriz", *, token: str = PARTNER, refresh: float = OFTEN, **fields: Any
) -> Account:
    return Account(name, Secret(token), refresh=refresh, **fields)


class Rig:
    """A daemon with some accounts and configured instances, which stops at the end of a ``with``."""

    def __init__(
        self,
        zapi: SimulatedZapi,
        *accounts: Account,
        configured: Sequence[Instance] = (),
        cache: Path | None = None,
        timeout: float = 10.0,
    ) -> None:
        self.zapi = zapi
        self._timeout = timeout
        config = self.with_accounts(*(accounts or (an_account(),)), configured=configured)
        self.daemon = Daemon(config, SystemClock(), Telemetry(), cache=ListCache(cache))
        self.daemon.start()

    def __enter__(self) -> "Rig":
        return self

    def __exit__(self, *error: object) -> None:
        self.daemon.stop(5.0)

    def with_accounts(self, *accounts: Account, configured: Sequence[Instance] = ()) -> Config:
        config = a_config(
            *configured, base_url=self.zapi.base_url, timeout=self._timeout, polling=some_polling(0.2)
        )
        source = InstanceSource("config", tuple(configured))
        return replace(config, accounts=accounts, sources=(source,))

    def view(self, name: str) -> InstanceView:
        view = self.daemon.fleet.view(name)
        assert view is not None
        return view

    def names(self) -> list[str]:
        return [view.instance.name for view in self.daemon.fleet.views()]

    def wait_for(self, *names: str) -> None:
        """Wait until exactly these instances are polled, and each had a good poll."""
        wanted = dict.fromkeys(names, True)
        wait_until(lambda: {one.instance.name: one.up for one in self.daemon.fleet.views()} == wanted)

    def source(self, source: str = "account:matriz") -> dict[str, float]:
        """The metrics of a source."""
        pattern = rf'^zapi_exporter_instance_source_(\w+)\{{source="{re.escape(source)}"\}} (\S+)$'
        return {name: float(value) for name, value in re.findall(pattern, self.exposition(), re.MULTILINE)}

    def wait_for_source(self, source: str = "account:matriz", *, up: bool) -> None:
        wait_until(lambda: self.source(source).get("up") == up)

    def exposition(self) -> str:
        return self.daemon.scrapes.render(Format.TEXT, gzip=False).whole().decode()
