"""The configuration: of a file, loaded again and again, or every problem with its line; or of the simulated Z-API."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from exporter.config import keys
from exporter.config.certificates import read_certificates
from exporter.config.document import Context, MapNode, Node, Scalar, read_document
from exporter.config.files import Fingerprint, TrackedFiles, UnreadableFile, shown_path
from exporter.config.instances import (
    InstanceFiles,
    KnownInstances,
    KnownSecrets,
    inherit,
    instance_at,
    report_duplicates,
)
from exporter.config.problem import Problems
from exporter.config.section import SectionValues, Unusable, Value, usable
from exporter.model.clock import Clock
from exporter.model.settings import CONFIG_SOURCE, Api, Config, InstanceSource, Polling
from exporter.model.shard import Shard
from exporter.options import DEFAULT_CONFIG, Options
from exporter.process.resources import start

CA_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Variables that name a file of authorities; the first that is set and not empty is used."""

_log = logging.getLogger(__name__)


def load(
    path: Path,
    environ: Mapping[str, str],
    files: TrackedFiles | None = None,
    before: Sequence[InstanceSource] = (),
) -> Config:
    """Read the configuration at ``path``; raises :class:`InvalidConfig` with all that is wrong in it.

    Relative paths start at its directory. Variables come from ``environ``. ``files`` records every file that is read.
    An invalid instance file provides the instances that it has in ``before``, or none; its source lists the problems.
    """
    files = files or TrackedFiles(path.parent)
    problems = Problems(shown_path(path), keys.KNOWN_KEYS)
    context = Context(problems, files)
    root = _read_root(path, environ, context)
    if root is not None:
        problems.instance_at = partial(instance_at, root)
    read = () if root is None else usable(_read_config, root, path, environ, context, before)
    if problems:
        raise problems.error()
    (config,) = read
    return config


def _read_config(
    root: Node,
    path: Path,
    environ: Mapping[str, str],
    context: Context,
    before: Sequence[InstanceSource],
) -> Config:
    """Return the configuration. Raise :class:`Unusable` after reporting every problem."""
    document = SectionValues(keys.DOCUMENT, Value(root, root.line, None, context))
    known = KnownInstances()
    known.add(document.get(keys.INSTANCES) or ())
    report_duplicates(document.get(keys.ACCOUNTS) or ())
    polling = usable(lambda: _polling(document[keys.POLLING_SECTION]))
    statuses = usable(lambda: _statuses(document[keys.PAYMENT_SECTION]))
    ca_variable = _authorities_variable(document[keys.API_SECTION], environ)
    api = _api(document[keys.API_SECTION], ca_variable, environ, context)
    if not statuses:
        raise Unusable
    paid, unpaid = statuses[0]
    inherited = inherit(document[keys.API_SECTION], document[keys.DEFAULTS_SECTION])
    instances, listed = document[keys.INSTANCES] or (), document[keys.ACCOUNTS] or ()
    own = InstanceSource(CONFIG_SOURCE, tuple(map(inherited.instance, instances)))
    accounts = tuple(map(inherited.account, listed))
    secrets = KnownSecrets(inherited.client_token)
    secrets.report_shown((*instances, *listed), (*own.instances, *accounts))
    if context.problems:
        raise Unusable
    files = InstanceFiles(context, environ, inherited, known, secrets, before)
    sources = (own, *files.read(document[keys.INSTANCE_FILES] or ()))
    return Config(
        api=api,
        polling=polling[0],
        paid_statuses=paid,
        unpaid_statuses=unpaid,
        instances=tuple(instance for source in sources for instance in source.instances),
        files=context.files.all,
        secret_files=((path,) if context.has_written_secret else ()) + context.files.secrets,
        sources=sources,
        warnings=_unmatched(document, path, files.unmatched),
        ca_variable=ca_variable,
        accounts=accounts,
    )


def _unmatched(document: SectionValues, path: Path, numbers: Sequence[int]) -> tuple[str, ...]:
    """Return a warning for each pattern that matches no file."""
    line = document.line(keys.INSTANCE_FILES)
    return tuple(
        f"{shown_path(path)}:{line}: instance_files[{number}]: matches no file; check the pattern (a relative one "
        "starts at the directory of this file)"
        for number in numbers
    )


def _api(values: SectionValues, variable: str | None, environ: Mapping[str, str], context: Context) -> Api:
    """Return how Z-API is reached. ``variable`` names the file of authorities where the section does not."""
    ca_pem = (
        values[keys.CA_FILE] if variable is None else _read_authorities(variable, environ, values, context)
    )
    return Api(base_url=values[keys.BASE_URL], timeout=values[keys.TIMEOUT], ca_pem=ca_pem)


def _authorities_variable(api: SectionValues, environ: Mapping[str, str]) -> str | None:
    """Return the variable that names the authorities, or ``None`` where the section does or none is set."""
    if api.has(keys.CA_FILE):
        return None
    return next((variable for variable in CA_VARIABLES if environ.get(variable)), None)


def _read_authorities(variable: str, environ: Mapping[str, str], api: SectionValues, context: Context) -> str:
    """Return the certificates of the file that a variable names. Raise :class:`~exporter.config.section.Unusable`."""
    try:
        return read_certificates(context.files.below(Path()).read(environ[variable]))
    except UnreadableFile as error:
        advice = f"correct {variable} in the environment, or set api.ca_file"
        api.report(keys.CA_FILE, f"is not set, and {variable} names a file that {error}; {advice}")
        raise Unusable from None


def _polling(values: SectionValues) -> Polling:
    interval, stale_after = values.get(keys.INTERVAL), values.get(keys.STALE_AFTER)
    if interval is not None and stale_after is not None and stale_after < interval:
        key = keys.STALE_AFTER if values.has(keys.STALE_AFTER) else keys.INTERVAL
        line = values.line(key)
        values.report(keys.STALE_AFTER, _stale_after_problem(values), line=line)
    return Polling(
        interval=values[keys.INTERVAL],
        concurrency=values[keys.CONCURRENCY],
        stale_after=values[keys.STALE_AFTER],
        probe_max_age=values[keys.PROBE_MAX_AGE],
    )


def _stale_after_problem(values: SectionValues) -> str:
    stale_after, interval = keys.STALE_AFTER, keys.INTERVAL
    consequence = "values would vanish between polls; make it longer"
    if not values.has(stale_after):
        return f"is {stale_after.default} by default, below polling.interval; {consequence}"
    if not values.has(interval):
        return f"is below polling.interval, {interval.default} by default; {consequence}"
    return f"is below polling.interval; {consequence}"


def _statuses(values: SectionValues) -> tuple[frozenset[str], frozenset[str]]:
    """Return the statuses that count as paid, and the statuses that count as unpaid."""
    paid, unpaid = frozenset(values[keys.PAID_STATUSES]), values[keys.UNPAID_STATUSES]
    if values.has(keys.UNPAID_STATUSES):
        why = (
            "is also in payment.paid_statuses"
            if values.has(keys.PAID_STATUSES)
            else "counts as paid by default"
        )
        for number, status in enumerate(unpaid):
            if status in paid:
                message = f"{why}; a status is either paid or unpaid"
                values.report_item(keys.UNPAID_STATUSES, number, message)
    return paid, frozenset(unpaid) - paid


def _read_root(path: Path, environ: Mapping[str, str], context: Context) -> Node | None:
    advice = "give another file with --config.file, or start from config.example.yaml"
    root = read_document(path.name, context, advice=advice, environ=environ)
    if root is None or isinstance(root, MapNode):
        return root
    is_empty = isinstance(root, Scalar) and root.is_null
    message = f"{'is empty' if is_empty else 'must be a mapping'}; see config.example.yaml"
    context.problems.report(root.line, None, message)
    return None


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
    from exporter.demo.scenario import build_scenario, demo_account, demo_config, with_demo_sources
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
