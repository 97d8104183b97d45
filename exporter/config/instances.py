"""Sections of instances and accounts → values: what they inherit, and which duplicate another.

Each file that matches ``instance_files`` provides instances too, or is ignored as a whole if it contains an error.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from exporter.config import keys
from exporter.config.document import Context, ListNode, MapNode, Node, Scalar, read_document
from exporter.config.files import shown_path
from exporter.config.problem import Place, Problems
from exporter.config.section import Key, SectionValues, Unusable, Value, usable
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret, SecretScanner
from exporter.model.settings import CONFIG_SOURCE, FILE_PREFIX, Account, Instance, InstanceSource

_SHOWN_NAME: Final = re.compile(r"[^\W\d_]{1,30}(?:[ _.-][^\W\d_]{1,30}){0,3}(?:[ _.-]?[0-9]{1,4})?")
"""A name that cannot be taken for a token; any other is not repeated."""

_LEAST_SECRET: Final = 8
"""Shortest token, in characters, to look for in names, ids and labels; shorter ones match by chance."""

_WORD: Final = re.compile(rf"[\w-]{{{_LEAST_SECRET},}}")
_SEEN: Final = "is visible on the status page and in metrics"
_NAMED: Final = {keys.INSTANCES.name: "instance", keys.ACCOUNTS.name: "account"}
_INSTEAD: Final = {
    keys.NAME.name: "put a name here",
    keys.ID.name: "put the real id here",
    keys.LABELS.name: "remove it from the labels",
}


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an instance gets where its own section does not say otherwise."""

    client_token: Secret | None
    labels: Mapping[str, str]
    webhooks: Mapping[str, Secret | None]
    collect: tuple[Collector, ...] = ()
    source: str = CONFIG_SOURCE

    def instance(self, values: SectionValues) -> Instance:
        """Raise :class:`~exporter.config.section.Unusable`."""
        token = values.secret(keys.TOKEN)
        assert token is not None, "it is required"
        own = self.overridden(values)
        made = Instance(
            name=values[keys.NAME],
            id=values[keys.ID],
            token=token,
            client_token=values.secret(keys.OWN_CLIENT_TOKEN) or self.client_token,
            labels=_without_empty(own.labels),
            expected_webhooks=MappingProxyType(own.webhooks),
            collect=frozenset(own.collect),
            source=self.source,
        )
        _report_shown_secrets(values, _shown(made), _own(made).finds_secret, "this instance")
        return made

    def overridden(self, values: SectionValues) -> "Inherited":
        """Return the same, with the labels, webhooks and collectors of a section in place of the inherited ones.

        The section is that of an instance, of an account or of defaults: all have these three keys.
        """
        labels, webhooks, collect = values[keys.LABELS], values[keys.EXPECTED_WEBHOOKS], values[keys.COLLECT]
        return Inherited(
            self.client_token,
            {**self.labels, **(labels or {})},
            {**self.webhooks, **(webhooks or {})},
            self.collect if collect is None else collect,
            self.source,
        )

    def account(self, values: SectionValues) -> Account:
        """Raise :class:`~exporter.config.section.Unusable`."""
        token = values.secret(keys.PARTNER_TOKEN)
        assert token is not None, "it is required"
        own = self.overridden(values)
        made = Account(
            name=values[keys.ACCOUNT_NAME],
            partner_token=token,
            refresh=values[keys.REFRESH],
            page_size=values[keys.PAGE_SIZE],
            include=values[keys.INCLUDE],
            exclude=values[keys.EXCLUDE],
            client_token=values.secret(keys.ACCOUNT_CLIENT_TOKEN) or self.client_token,
            labels=_without_empty(own.labels),
            expected_webhooks=MappingProxyType(own.webhooks),
            collect=frozenset(own.collect),
        )
        _report_shown_secrets(values, _shown(made), _own(made).finds_secret, "this account")
        return made


class KnownSecrets:
    """Tokens, to find them where everybody reads them: names, ids and labels are on every series and page."""

    def __init__(self, *secrets: Secret | None) -> None:
        self._words = {secret.reveal().casefold() for secret in _long(secrets)}

    def report_shown(self, sections: Iterable[SectionValues], made: Iterable[Instance | Account]) -> None:
        """Add the tokens of instances or accounts, and report those that stand in another's name, id or labels."""
        items = tuple(zip(sections, made, strict=True))
        for _, one in items:
            self._words.update(secret.reveal().casefold() for secret in _long(_tokens(one)))
        for values, one in items:
            is_anothers = partial(self._is_anothers, one)
            _report_shown_secrets(values, _shown(one), is_anothers, "another instance or an account")

    def _is_anothers(self, one: Instance | Account, text: str) -> bool:
        """Return whether a line or a word of the text is a token, and it holds none of ``one``, reported before."""
        folded = text.casefold()
        is_shown = not self._words.isdisjoint((*folded.split("\n"), *_WORD.findall(folded)))
        return is_shown and not _own(one).finds_secret(text)


def _tokens(one: Instance | Account) -> tuple[Secret | None, ...]:
    return one.client_token, one.token if isinstance(one, Instance) else one.partner_token


def _long(secrets: Iterable[Secret | None]) -> Iterator[Secret]:
    return (secret for secret in secrets if secret is not None and len(secret.reveal()) >= _LEAST_SECRET)


def _own(one: Instance | Account) -> SecretScanner:
    return SecretScanner(*_long(_tokens(one)))


def _shown(one: Instance | Account) -> Iterator[tuple[Key[Any], str]]:
    """What everybody reads of an instance or an account, with its key."""
    yield keys.NAME, one.name
    if isinstance(one, Instance):
        yield keys.ID, one.id
    yield keys.LABELS, "\n".join((*one.labels, *one.labels.values()))


def _report_shown_secrets(
    values: SectionValues, shown: Iterable[tuple[Key[Any], str]], is_secret: Callable[[str], bool], whose: str
) -> None:
    for key, text in shown:
        if is_secret(text):
            if key is keys.NAME:
                values.hide_name()
            values.report(key, f"contains a token of {whose}, but {_SEEN}; {_INSTEAD[key.name]}")


def inherit(api: SectionValues, defaults: SectionValues) -> Inherited:
    """Return what the instances of a configuration inherit. Raise :class:`~exporter.config.section.Unusable`."""
    nothing = Inherited(api.secret(keys.CLIENT_TOKEN), {}, {})
    return nothing.overridden(defaults)


@dataclass(frozen=True, slots=True)
class _First:
    """The instance that first had a name or an id; ``file`` is where, if that is an instance file."""

    values: SectionValues | None
    file: str


class KnownInstances:
    """The names and ids of all instances so far."""

    def __init__(self) -> None:
        self._names: dict[str, _First] = {}
        self._ids: dict[str, _First] = {}
        self._added: list[tuple[dict[str, _First], str]] = []

    def add(self, instances: Iterable[SectionValues], file: str = "") -> None:
        """Add instances as written in ``file``, and report those that are known already."""
        self._added = []
        for instance in instances:
            name, identifier, first = instance.get(keys.NAME), instance.get(keys.ID), _First(instance, file)
            if name is not None and (known := self._first(self._names, name, first)) is not first:
                what = " ".join(filter(None, ("the name", _shown_name(known.values))))
                instance.report(keys.NAME, f"duplicates {what}{_where(known, keys.NAME, file)}")
            if identifier is None:
                continue
            if (known := self._first(self._ids, identifier.casefold(), first)) is not first:
                what = " of ".join(filter(None, ("the id", _shown_name(known.values))))
                instance.report(keys.ID, f"duplicates {what}{_where(known, keys.ID, file)}")

    def forget(self) -> None:
        """Remove the instances of the last call of :meth:`add`."""
        for known, identity in self._added:
            del known[identity]

    def keep(self, instances: Iterable[Instance], file: str) -> tuple[Instance, ...]:
        """Add instances of an earlier reading of ``file``, and give those that are not known by another file."""
        kept = []
        for instance in instances:
            if instance.name not in self._names and instance.id.casefold() not in self._ids:
                self._names[instance.name] = self._ids[instance.id.casefold()] = _First(None, file)
                kept.append(instance)
        return tuple(kept)

    def _first(self, known: dict[str, _First], identity: str, instance: _First) -> _First:
        found = known.setdefault(identity, instance)
        if found is instance:
            self._added.append((known, identity))
        return found


def report_duplicates(accounts: Iterable[SectionValues]) -> None:
    """Report each account that has the name of an earlier one."""
    first: dict[str, SectionValues] = {}
    for account in accounts:
        name = account.get(keys.ACCOUNT_NAME)
        if name is not None and (known := first.setdefault(name, account)) is not account:
            what = " ".join(filter(None, ("the name", _shown_name(known))))
            line = known.line(keys.ACCOUNT_NAME)
            account.report(keys.ACCOUNT_NAME, f"duplicates {what} of the account on line {line}")


def _without_empty(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return the labels whose value is not empty; an empty one removes an inherited label."""
    return MappingProxyType({label: value for label, value in labels.items() if value})


def _where(first: _First, key: Key[Any], file: str) -> str:
    line = "" if first.values is None else f" on line {first.values.line(key)}"
    if first.file == file:
        return line
    return f"{line} of {first.file or 'the configuration'}"


def _shown_name(values: SectionValues | None) -> str:
    """Return the quoted name of an instance, or an empty text where the name is invalid or may be a secret."""
    return _quoted(None if values is None else values.node(keys.NAME))


def instance_at(root: Node, place: Place) -> str:
    """Return the instance or account of which the place in a document is a part, with its name in quotes.

    It is an empty text beside a problem of the name itself, and where the name may hold a secret.
    """
    steps: list[str | int] = []
    parent: Place | None = place
    while parent is not None:
        steps.insert(0, parent.step)
        parent = parent.parent
    if len(steps) < 2 or steps[0] not in _NAMED or steps[2:] == [keys.NAME.name]:
        return ""
    section, number = str(steps[0]), steps[1]
    items = root.items.get(section) if isinstance(root, MapNode) else None
    if not isinstance(items, ListNode) or not isinstance(number, int):
        return ""
    item = items.items[number]
    if not isinstance(item, MapNode):
        return ""
    name = _quoted(item.items.get(keys.NAME.name))
    others = (
        node.text for key, node in item.items.items() if key != keys.NAME.name and isinstance(node, Scalar)
    )
    is_suspicious = any(len(text) >= _LEAST_SECRET and text.casefold() in name.casefold() for text in others)
    return "" if is_suspicious or not name else f"{_NAMED[section]} {name}"


def _quoted(node: Node | None) -> str:
    """Return the quoted text of a name, or an empty text where it is invalid or may be a secret."""
    if not isinstance(node, Scalar) or node.has_variables or not _SHOWN_NAME.fullmatch(node.text):
        return ""
    return f'"{node.text}"'


class InstanceFiles:
    """Reads the instance files of one load."""

    def __init__(
        self,
        context: Context,
        environ: Mapping[str, str],
        inherited: Inherited,
        known: KnownInstances,
        secrets: KnownSecrets,
        before: Sequence[InstanceSource],
    ) -> None:
        """``known`` and ``secrets`` are those of the configuration itself, ``before`` the sources of the last load."""
        self._files = context.files
        self._environ = environ
        self._inherited = inherited
        self._known = known
        self._secrets = secrets
        self._before = {source.name: source.instances for source in before}
        self.unmatched: list[int] = []
        """The numbers of the patterns that match no file; filled by :meth:`read`."""

    def read(self, patterns: Sequence[str]) -> Iterator[InstanceSource]:
        """Read each file that a pattern matches, once, in the order of the patterns and of the names."""
        seen: set[str] = set()
        troubles: dict[str, str] = {}
        for number, pattern in enumerate(patterns):
            found = self._files.matching(pattern)
            if found.problem:
                troubles[pattern] = f"instance_files[{number}]: {found.problem}"
            elif not found.files:
                self.unmatched.append(number)
            for file in found.files:
                if (shown := shown_path(file)) not in seen:
                    seen.add(shown)
                    yield self._source(file, shown)
        if troubles:  # nobody knows which other files there are
            yield from self._all_kept(seen, next(iter(troubles.values())))
            for pattern, problem in troubles.items():
                place = shown_path(self._files.path(pattern))
                yield InstanceSource(f"{FILE_PREFIX}{place}", (), (f"{place}: {problem}",))

    def _all_kept(self, seen: set[str], problem: str) -> Iterator[InstanceSource]:
        for name, instances in self._before.items():
            file = name.removeprefix(FILE_PREFIX)
            if name.startswith(FILE_PREFIX) and file not in seen and instances:
                yield self._kept(file, (f"{file}: {problem}",))

    def _kept(self, file: str, problems: tuple[str, ...]) -> InstanceSource:
        name = f"{FILE_PREFIX}{file}"
        return InstanceSource(name, self._known.keep(self._before.get(name, ()), file), problems)

    def _source(self, file: Path, shown: str) -> InstanceSource:
        problems = Problems(shown, keys.KNOWN_KEYS)
        context = Context(problems, self._files.below(file.parent))
        for instances in usable(self._instances, file, shown, context):
            if not problems:
                if context.has_written_secret:
                    context.files.mark_secret(file.name)
                return InstanceSource(f"{FILE_PREFIX}{shown}", instances)
        self._known.forget()
        return self._kept(shown, tuple(str(problem) for problem in problems.error().problems))

    def _instances(self, file: Path, shown: str, context: Context) -> tuple[Instance, ...]:
        """Return the instances of a file. Raise :class:`Unusable` after reporting what is wrong."""
        self._known.add(())
        root = read_document(
            file.name,
            context,
            advice="correct it, or have no pattern match it",
            environ=self._environ,
            is_json=file.suffix.lower() == ".json",
        )
        if root is None:
            raise Unusable
        whole = _as_mapping(root, context)
        context.problems.instance_at = partial(instance_at, whole.node)
        values = SectionValues(keys.INSTANCE_FILE, whole)
        instances = values[keys.FILE_INSTANCES]
        self._known.add(instances, shown)
        defaults = values[keys.FILE_DEFAULTS]
        inherited = replace(self._inherited, source=f"{FILE_PREFIX}{shown}").overridden(defaults)
        made = tuple(map(inherited.instance, instances))
        self._secrets.report_shown(instances, made)
        return made


def _as_mapping(root: Node, context: Context) -> Value:
    """Return the document as a mapping; a list of instances becomes a mapping with that list."""
    if isinstance(root, ListNode):
        root = MapNode(root.line, {"instances": root}, {"instances": root.line})
    return Value(root, root.line, None, context)
