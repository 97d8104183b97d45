"""A file → :class:`Config`, or every problem with its line."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from exporter.config import keys
from exporter.config.certificates import read_certificates
from exporter.config.document import Context, MapNode, Node, Scalar, read_document
from exporter.config.files import TrackedFiles, UnreadableFile, shown_path
from exporter.config.instances import InstanceFiles, KnownInstances, inherit, instance_at, report_duplicates
from exporter.config.problem import Problems
from exporter.config.section import SectionValues, Unusable, Value, usable
from exporter.model.settings import CONFIG_SOURCE, Api, Config, InstanceSource, Polling

CA_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Variables that name a file of authorities; the first that is set and not empty is used."""


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
    own = InstanceSource(CONFIG_SOURCE, tuple(map(inherited.instance, document[keys.INSTANCES] or ())))
    accounts = tuple(map(inherited.account, document[keys.ACCOUNTS] or ()))
    if context.problems:
        raise Unusable
    files = InstanceFiles(context, environ, inherited, known, before)
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
    polling = Polling(
        interval=values[keys.INTERVAL],
        concurrency=values[keys.CONCURRENCY],
        stale_after=values[keys.STALE_AFTER],
        probe_max_age=values[keys.PROBE_MAX_AGE],
    )
    if polling.stale_after < polling.interval:
        key = keys.STALE_AFTER if values.has(keys.STALE_AFTER) else keys.INTERVAL
        line = values.line(key)
        values.report(keys.STALE_AFTER, _stale_after_problem(values), line=line)
    return polling


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
