"""A configuration file that is loaded again and again."""

import logging
from collections.abc import Mapping
from pathlib import Path

from exporter.config.file_reader import FileReader
from exporter.config.files import Fingerprint, TrackedFiles
from exporter.config.load import load
from exporter.model.settings import Config, InstanceSource

_log = logging.getLogger(__name__)


class ConfigFile:
    """The configuration at ``path``. May be loaded from any thread, by one at a time."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ
        self._reader = FileReader()
        self._files = TrackedFiles(path.parent, self._reader)
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
        files = TrackedFiles(self._path.parent, self._reader)
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
