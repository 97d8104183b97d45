"""The source of the configuration: a file, loaded again and again, or a simulated Z-API."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.config.files import Fingerprint, TrackedFiles
from exporter.config.load import load
from exporter.model.clock import Clock
from exporter.model.settings import Config, InstanceSource
from exporter.model.shard import Shard
from exporter.options import DEFAULT_CONFIG, Options
from exporter.process.resources import start

_log = logging.getLogger(__name__)


class ConfigFile:
    """The configuration at ``path``. May be loaded from any thread, by one at a time."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ
        self._files = TrackedFiles(path.parent)
        self._ca_variable: str | None = None
        self._sources: tuple[InstanceSource, ...] = ()

    @property
    def held(self) -> Fingerprint:
        """The content of the file, and of the files it names, at the last load, even if that failed."""
        return self._files.held()

    def holds(self) -> Fingerprint:
        """Return the content of the same files now."""
        return self._files.look()

    def load(self) -> Config:
        """Read the configuration. Raise :class:`~exporter.config.problem.InvalidConfig`."""
        files = self._files.unread()
        try:
            config = load(self._path, self._environ, files, self._sources)
        finally:
            self._files = files
        self._sources = config.sources
        self._tell(config)
        return config

    def _tell(self, config: Config) -> None:
        """Log the warnings, and the problems of instance files, which do not make the configuration invalid."""
        if config.ca_variable is not None and config.ca_variable != self._ca_variable:
            named = {"variable": config.ca_variable, "path": self._environ[config.ca_variable]}
            _log.info("the certificate authorities are taken from the environment", extra=named)
        self._ca_variable = config.ca_variable
        for warning in config.warnings:
            _log.warning("the configuration may have a mistake", extra={"problem": warning})
        for source in config.sources:
            for problem in source.problems:
                state = "keeps its last good content" if source.instances else "is left out"
                _log.error(f"an instance file {state}", extra={"problem": problem})


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration that can be loaded again; ``files`` are what it is made of, ``None`` for the demo.

    ``load`` raises :class:`~exporter.config.problem.InvalidConfig`.
    """

    load: Callable[[], Config]
    files: ConfigFile | None


@contextmanager
def open_source(options: Options, environ: Mapping[str, str], clock: Clock) -> Iterator[Source]:
    """Yield the configuration file, or with ``--demo`` the configuration for a simulated Z-API that runs until exit.

    Either has only the instances of the shard.
    """
    if options.demo is None:
        file = ConfigFile(options.config_file, environ)
        yield Source(lambda: _sharded(file.load(), options.shard), file)
        return
    if options.config_file != DEFAULT_CONFIG:
        _log.warning(
            "the configuration file is not read: --demo has its own configuration; remove one of the flags",
            extra={"file": str(options.config_file)},
        )
    from exporter.demo.api import SimulatedApi  # nobody else pays for the demo's imports
    from exporter.demo.configuration import demo_account, demo_config, with_demo_sources
    from exporter.demo.scenario import build_scenario
    from exporter.demo.server import DemoServer

    scenario = build_scenario(options.demo, clock.time())
    api = SimulatedApi((each.simulated for each in scenario), clock)
    api.set_account(demo_account(scenario))
    server = DemoServer(api)
    start(server.start)
    with closing(server):
        config = with_demo_sources(demo_config(scenario, server.base_url), scenario)
        yield Source(lambda: _sharded(config, options.shard), None)


def _sharded(config: Config, shard: Shard) -> Config:
    """Return the configuration with only the instances of one shard."""
    mine = tuple(instance for instance in config.instances if shard.owns(instance.name))
    return replace(config, instances=mine, shard=shard)
