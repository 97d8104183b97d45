"""The running exporter: all rooms wired together, reloaded and stopped as one."""

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future

from exporter.config import Config, InvalidConfig
from exporter.fleet.event_log import Journal
from exporter.fleet.store import Fleet
from exporter.metrics.instance_cache import InstanceLines
from exporter.metrics.scrape import Scrapes
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import Clock
from exporter.model.settings import Api
from exporter.poller.poller import Poller
from exporter.poller.schedule import Backoff
from exporter.process import unexpected
from exporter.process.permissions import Exposure
from exporter.zapi.client import ZapiClient
from exporter.zapi.environment import environment_proxies
from exporter.zapi.proxy import UnusableProxy

_log = logging.getLogger(__name__)

Load = Callable[[], Config]
"""Reads the configuration; raises :class:`~exporter.config.InvalidConfig`."""


class Daemon:
    """Polls the instances of a configuration and knows what was learned.

    ``load`` is called at once and at each reload.
    """

    def __init__(self, load: Load, clock: Clock, telemetry: Telemetry) -> None:
        self._load = load
        self._clock = clock
        self._reloading = threading.Lock()
        self._ready = False
        self._stopping = False
        self.config = load()
        self._exposure = Exposure()
        self._exposure.look(self.config.secret_files)
        self._clients = _Clients(clock)
        self._client = self._clients.fitting(self.config)
        self._longest_timeout = self.config.api.timeout
        self.telemetry = telemetry
        lines = InstanceLines()
        self.fleet = Fleet(self.config, clock, [lines, Journal()])
        self.scrapes = Scrapes(self.fleet, lines, self.telemetry.registry, clock)
        self._poller = Poller(
            self._client.read,
            self.fleet.record,
            polling=self.config.polling,
            longest_poll=self._longest_timeout,
            clock=clock,
            observer=self.telemetry,
            backoff=Backoff(random.Random()),
        )
        self.telemetry.reloaded(len(self.config.instances), clock.time())

    def start(self) -> None:
        """Begin to poll."""
        self._poll(self.config)

    def reload(self) -> tuple[str, ...]:
        """Take what the configuration says now, or give every problem that forbids it and change nothing."""
        with self._reloading:
            try:
                config = self._load()
                self._client = self._clients.fitting(config)
            except InvalidConfig as error:
                return self._refuse(*(str(problem) for problem in error.problems))
            except UnusableProxy as error:
                return self._refuse(str(error))
            except Exception as error:  # a file of configuration must never end what runs
                unexpected.report(type(error), error.__traceback__)
                return self._refuse("an unexpected error of the exporter itself; see the log")
            self._take(config)
            return ()

    def request_poll(self, name: str) -> "Future[None] | None":
        """Have an instance polled soon; see :meth:`~exporter.poller.poller.Poller.request_poll`."""
        return self._poller.request_poll(name)

    def polling_for(self, name: str) -> float:
        """Return the seconds for which a poll of an instance has been in flight; 0 where none is."""
        return self._poller.in_flight_for(name)

    def is_ready(self) -> bool:
        """Whether every instance has once been polled and the exporter is not stopping."""
        self._ready = self._ready or self.fleet.every_instance_was_polled()
        return self._ready and not self._stopping

    def is_stuck(self, tolerance: float) -> bool:
        """Whether polls have made no progress for ``tolerance`` seconds longer than the longest poll may take."""
        return self._poller.stuck_for() > self._longest_timeout + tolerance

    def failure(self) -> str | None:
        """Return what keeps polls from going on for good, or ``None``."""
        return self._poller.failure()

    def stop(self, timeout: float) -> None:
        """Stop polling; polls in flight have ``timeout`` seconds to end."""
        self._stopping = True
        self._poller.stop(timeout)
        self._client.close()

    def _refuse(self, *problems: str) -> tuple[str, ...]:
        self.telemetry.reload_failed()
        for problem in problems:
            _log.error("the configuration was not reloaded", extra={"problem": problem})
        return problems

    def _poll(self, config: Config) -> None:
        self._poller.replace(config.instances, config.polling, self._longest_timeout, self._client.read)

    def _take(self, config: Config) -> None:
        old, self.config = self.config, config
        self._longest_timeout = max(self._longest_timeout, config.api.timeout)
        self._client.forget()
        self.fleet.reconfigure(config)
        self._poll(config)
        self.telemetry.reloaded(len(config.instances), self._clock.time())
        _log.info("the configuration was reloaded", extra=_difference(old, config))
        self._exposure.look(config.secret_files)


class _Clients:
    """Makes a client for a configuration, and keeps it while it fits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made_of: Api | None = None
        self._client: ZapiClient | None = None

    def fitting(self, config: Config) -> ZapiClient:
        """The present client, or a new one; the old one closes its connections as its polls end.

        Raises :class:`UnusableProxy`.
        """
        api = config.api
        if self._client is None or api != self._made_of:
            old, proxies = self._client, environment_proxies(api.base_url)
            self._client = ZapiClient(api, clock=self._clock, proxies=proxies)
            self._made_of = api
            if old is not None:
                old.close()
        return self._client


def _difference(old: Config, new: Config) -> dict[str, object]:
    before = {instance.name: instance for instance in old.instances}
    after = {instance.name: instance for instance in new.instances}
    return {
        "instances": len(after),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": sum(before[name] != after[name] for name in before.keys() & after.keys()),
    }
