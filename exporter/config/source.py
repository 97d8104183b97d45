"""The source of the configuration: a file or a simulated Z-API, limited to the instances of this shard."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Protocol

from exporter.config.auto_reload import WatchedFiles
from exporter.config.files import Fingerprint
from exporter.config.watch import ConfigFile
from exporter.model.clock import Clock
from exporter.model.settings import Config
from exporter.model.shard import Shard
from exporter.options import Options
from exporter.process.starting import start


class Source(WatchedFiles, Protocol):
    """A configuration that can be loaded again, and the files it is made of."""

    def load(self) -> Config:
        """Return the configuration. Raise :class:`~exporter.config.problem.InvalidConfig`."""


@contextmanager
def open_source(options: Options, environ: Mapping[str, str], clock: Clock) -> Iterator[Source]:
    """Yield the configuration file, or with ``--demo`` the configuration for a simulated Z-API that runs until exit."""
    if options.demo is None:
        yield _Sharded(ConfigFile(options.config_file, environ), options.shard)
        return
    from exporter.demo.api import SimulatedApi  # nobody else pays for the demo's imports
    from exporter.demo.scenario import build_scenario
    from exporter.demo.server import DemoServer
    from exporter.demo.setup import demo_account, demo_config, with_demo_sources

    scenario = build_scenario(options.demo, clock.time())
    api = SimulatedApi((each.simulated for each in scenario), clock)
    api.set_account(demo_account(scenario))
    server = DemoServer(api)
    start(server.start)
    with closing(server):
        config = with_demo_sources(demo_config(scenario, server.base_url), scenario)
        yield _Sharded(_Simulated(config), options.shard)


class _Sharded:
    """Another source, narrowed to the instances of one shard."""

    def __init__(self, whole: Source, shard: Shard) -> None:
        self._whole = whole
        self._shard = shard

    @property
    def held(self) -> Fingerprint:
        return self._whole.held

    def holds(self) -> Fingerprint:
        return self._whole.holds()

    def load(self) -> Config:
        config = self._whole.load()
        mine = tuple(instance for instance in config.instances if self._shard.owns(instance.name))
        return replace(config, instances=mine, shard=self._shard)


class _Simulated:
    """The configuration of the demo, which has no files and never changes."""

    held: Final[Fingerprint] = MappingProxyType({})

    def __init__(self, config: Config) -> None:
        self._config = config

    def holds(self) -> Fingerprint:
        return self.held

    def load(self) -> Config:
        return self._config
