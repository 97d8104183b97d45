"""The running exporter: all rooms wired together, reloaded and stopped as one."""

import logging
import random
import threading
from collections.abc import Callable

from exporter.clock import Clock
from exporter.config import Config, InvalidConfig
from exporter.exposition.instances import InstanceLines
from exporter.exposition.scrape import Scrapes
from exporter.fleet import Fleet
from exporter.journal import Journal
from exporter.poller.poller import Poller
from exporter.poller.schedule import Backoff
from exporter.telemetry import Telemetry
from exporter.zapi.client import ZapiClient, environment_proxies

_log = logging.getLogger(__name__)

Load = Callable[[], Config]
"""Reads the configuration; raises :class:`~exporter.config.InvalidConfig`."""


class Daemon:
    """Polls the instances of a configuration and knows what was learned.

    ``load`` is called at once and at each reload.
    """

    def __init__(self, load: Load, clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._reloading = threading.Lock()
        self._ready = False
        self._stopping = False
        self.config = load()
        self.telemetry = Telemetry()
        lines = InstanceLines()
        self.fleet = Fleet(self.config, clock, [lines, Journal()])
        self.scrapes = Scrapes(self.fleet, lines, self.telemetry.registry, clock)
        self._client = self._new_client()
        self._poller = Poller(
            self._client.read,
            self.fleet.record,
            polling=self.config.polling,
            clock=clock,
            observer=self.telemetry,
            backoff=Backoff(random.Random()),
        )
        self.telemetry.reloaded(len(self.config.instances), clock.time())

    def start(self) -> None:
        """Begin to poll."""
        self._poller.replace(self.config.instances, self.config.polling, self._client.read)

    def reload(self) -> tuple[str, ...]:
        """Take what the configuration says now, or give every problem that forbids it and change nothing."""
        with self._reloading:
            try:
                config = self._load()
            except InvalidConfig as error:
                self.telemetry.reload_failed()
                problems = tuple(str(problem) for problem in error.problems)
                for problem in problems:
                    _log.error("the configuration was not reloaded", extra={"problem": problem})
                return problems
            self._take(config)
            _log.info("the configuration was reloaded", extra={"instances": len(config.instances)})
            return ()

    def poll_now(self, name: str) -> None:
        """Poll one instance now and wait for it."""
        self._poller.poll_now(name, self.config.api.timeout + 1)

    def is_ready(self) -> bool:
        """Whether every instance has once been polled and the exporter is not stopping."""
        self._ready = self._ready or self.fleet.every_instance_was_polled()
        return self._ready and not self._stopping

    def stop(self, timeout: float) -> None:
        """Stop polling; polls in flight have ``timeout`` seconds to end."""
        self._stopping = True
        self._poller.stop(timeout)
        self._client.close()

    def _take(self, config: Config) -> None:
        old, self.config = self.config, config
        if (old.api, old.polling.concurrency) != (config.api, config.polling.concurrency):
            self._client = self._new_client()  # the old one ends with the last poll that uses it
        self.fleet.reconfigure(config)
        self._poller.replace(config.instances, config.polling, self._client.read)
        self.telemetry.reloaded(len(config.instances), self._clock.time())

    def _new_client(self) -> ZapiClient:
        api = self.config.api
        return ZapiClient(
            api,
            concurrency=self.config.polling.concurrency,
            clock=self._clock,
            proxies=environment_proxies(api.base_url),
        )
