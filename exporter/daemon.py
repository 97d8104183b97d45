"""The running exporter: all packages wired together, reconfigured and stopped as one."""

import random
import threading

from exporter.config.files import PermissionChecker
from exporter.discovery.cache import ListCache
from exporter.discovery.merge import Merger
from exporter.discovery.readers import Discovery
from exporter.fleet.event_log import EventLog, log_changes
from exporter.fleet.store import Fleet
from exporter.metrics.exposition import InstanceLines, Scrapes
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import Clock
from exporter.model.settings import Config
from exporter.poller.collectors import CollectorLimits, Collectors
from exporter.poller.poller import Poller
from exporter.poller.schedule import Backoff, Plan
from exporter.zapi.client import make_client


class Daemon:
    """Polls the instances of a configuration and keeps the results."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        telemetry: Telemetry,
        *,
        collects_at_once: bool = False,
        cache: ListCache | None = None,
    ) -> None:
        """With ``collects_at_once``, for ``--once``, no collector waits for a later slot.

        Raise :class:`~exporter.zapi.proxy.UnusableProxy`.
        """
        self.telemetry = telemetry
        self._clock = clock
        self._ready = False
        self._stopping = False
        self._client = make_client(config.api, clock)
        self._lock = threading.Lock()
        self.discovery = Discovery(
            config.accounts,
            self._client.list_page,
            self._take_lists,
            clock=clock,
            cache=cache or ListCache(),
        )
        self._merger = Merger()
        self._loaded = config
        self.config = config = self._merger.merge(config, self.discovery.lists())
        lines = InstanceLines()
        self.fleet = Fleet(config, clock, [lines, EventLog()])
        self.scrapes = Scrapes(self.fleet, lines, telemetry.registry, clock)
        self._longest_poll = _longest_poll(config)
        self._collects_at_once = collects_at_once
        self._collectors = Collectors(
            self._client.collect,
            self.fleet.record_collected,
            telemetry.collected,
            limits=self._collector_limits(config),
            clock=clock,
            backoff=Backoff(random.Random()),
        )
        self.poller = Poller(
            self._plan(config),
            self._client.read,
            self.fleet.record,
            clock=clock,
            observer=telemetry,
            backoff=Backoff(random.Random()),
            collect=self._collectors.run,
        )
        self._permissions = PermissionChecker()
        self._note_loaded()

    def start(self) -> None:
        """Begin to poll, and to read the lists of accounts."""
        self.discovery.start()
        self.poller.start()

    def apply(self, config: Config) -> None:
        """Apply a new configuration.

        Raise :class:`~exporter.zapi.proxy.UnusableProxy`; in that case nothing changes.
        """
        with self._lock:
            self._apply(config)

    def _apply(self, config: Config) -> None:
        old, loaded = self.config, config
        if config.api != old.api:
            client = make_client(config.api, self._clock)
            self._client.close()
            self._client = client
        else:
            self._client.forget()
        self.discovery.replace(loaded.accounts, self._client.list_page, at_once=loaded.api != old.api)
        self._loaded = loaded
        config = self._merger.merge(loaded, self.discovery.lists())
        self._poll(config)
        log_changes("the configuration was reloaded", old, config)
        self._note_loaded()

    def _take_lists(self) -> None:
        """Poll the instances that the lists of accounts name now."""
        with self._lock:
            old = self.config
            config = self._merger.merge(self._loaded, self.discovery.lists())
            if config.instances != old.instances:
                self._poll(config)
                log_changes("the lists of accounts have changed", old, config)
            self.config = config
            self.telemetry.listed(config)

    def _poll(self, config: Config) -> None:
        """Poll the instances of ``config`` from now on."""
        # Polls in flight end as they began.
        self._longest_poll = max(self._longest_poll, _longest_poll(config))
        self.fleet.reconfigure(config)
        names = {instance.name for instance in config.instances}
        self._collectors.reconfigure(self._client.collect, self._collector_limits(config), names)
        self.poller.replace(self._plan(config), self._client.read)
        self._client.keep(config.instances)
        # Set last: is_ready must not see the new lists before the fleet has their unpolled instances.
        self.config = config

    def has_all_lists(self) -> bool:
        """Return whether the instances of every account's list are watched, as far as the list could be read."""
        return all(source.is_tried for source in self.config.sources)

    def is_ready(self) -> bool:
        """Return whether every account's list was tried and every instance polled, unless the exporter is stopping."""
        self._ready = self._ready or (self.has_all_lists() and self.fleet.every_instance_was_polled())
        return self._ready and not self._stopping

    def is_stuck(self, tolerance: float) -> bool:
        """Return whether no poll has ended for ``tolerance`` seconds longer than the longest poll may take."""
        return self.poller.stuck_for() > self._longest_poll + tolerance

    def stop(self, timeout: float) -> None:
        """Stop polling; polls in flight have ``timeout`` seconds to end."""
        self._stopping = True
        self.discovery.stop()
        self.poller.stop(timeout)
        self._client.close()

    def _plan(self, config: Config) -> Plan:
        return Plan(config.instances, config.polling, self._longest_poll)

    def _collector_limits(self, config: Config) -> CollectorLimits:
        polling = config.polling
        places = None if self._collects_at_once else max(1, polling.concurrency // 2)
        return CollectorLimits(config.api.timeout, polling.interval, places)

    def _note_loaded(self) -> None:
        self.telemetry.reloaded(self.config, self._clock.time())
        self._permissions.check(self.config.secret_files)


def _longest_poll(config: Config) -> float:
    """Return the longest time that an instance's requests may take one after the other, in seconds."""
    requests = 1 + max((len(instance.collect) for instance in config.instances), default=0)
    return config.api.timeout * requests
