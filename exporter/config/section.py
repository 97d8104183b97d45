"""How a key and a section of the configuration are declared, and how a section of a document is read.

A :class:`Key` is declared once. The reader, the errors, the JSON Schema and the reference in ``docs/configuration.md``
are all made of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Generic, NoReturn, TypeVar, cast

from exporter.config.document import TEXT, UNUSABLE, Context, ListNode, MapNode, Node, Scalar, kind_of
from exporter.config.problem import Place
from exporter.config.validators import MISTYPED_IN_KEYS, Empty, nearest

T_co = TypeVar("T_co", covariant=True)

Schema = Mapping[str, Any]
"""A part of a JSON Schema."""

T = TypeVar("T")
_UNSEPARATED: Final = re.compile(r"\w+[:=]\S")


class Unusable(Exception):
    """A value is invalid and was reported."""


def usable(read: Callable[..., T], *arguments: object) -> tuple[T, ...]:
    """Return what ``read`` returns as the only item, or no item if it raises :class:`Unusable`."""
    try:
        return (read(*arguments),)
    except Unusable:
        return ()


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the document, its place, and the line that problems with it are reported on."""

    node: Node
    line: int
    place: Place | None
    context: Context

    def refuse(self, message: str | Callable[[], str]) -> NoReturn:
        """Report the value and raise :class:`Unusable`. A value that was reported before is not reported again."""
        if not isinstance(self.node, Scalar) or self.node.kind != UNUSABLE:
            self.context.problems.report(self.line, self.place, message)
        raise Unusable

    def text(self) -> str:
        """Return the text of a scalar that YAML reads as text; refuse any other value."""
        node = self.node
        if not isinstance(node, Scalar):
            self.refuse(f"must be text, not {kind_of(node)}")
        if node.is_null:
            self.refuse(self._no_value(node.text))
        if not node.is_text:
            self.refuse(f"must be text, but YAML reads it as {node.kind}; quote it")
        return node.text

    def convert(self, reader: Callable[[str], T], text: str, prefix: str = "") -> T:
        """Return what ``reader`` makes of the text; its :class:`ValueError` is reported after ``prefix``."""
        try:
            return reader(text)
        except Empty as error:
            reason = self.node.why_empty if isinstance(self.node, Scalar) and not prefix else ""
            self.refuse(reason or prefix + str(error))
        except ValueError as error:
            self.refuse(prefix + str(error))

    def _no_value(self, written: str) -> str:
        if written:
            return "must be text, but YAML reads it as no value; quote it"
        is_item = self.place is not None and isinstance(self.place.step, int)
        return f"has no value; write one after the {'dash' if is_item else 'colon'}"

    def convert_key(self, reader: Callable[[str], T], key: str) -> T:
        """Return what ``reader`` makes of the key of this value."""
        try:
            return reader(key)
        except ValueError as error:
            self.context.problems.report(self.line, self.place, str(error))
            raise Unusable from None

    def items(self) -> Iterator["Value"]:
        """Yield the items of a list."""
        if isinstance(self.node, ListNode):
            for number, node in enumerate(self.node.items):
                yield Value(node, node.line, Place(self.place, number), self.context)

    def entries(self) -> Iterator[tuple[str, "Value"]]:
        """Yield the keys of a mapping with their values."""
        if isinstance(self.node, MapNode):
            for key, node in self.node.items.items():
                yield key, Value(node, self.node.lines[key], Place(self.place, key), self.context)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """A kind of value: how it is read, and its notation and JSON Schema for the documents that have them.

    ``read`` raises :class:`Unusable`.
    """

    read: Callable[[Value], T_co]
    notation: str = ""
    schema: Schema = field(default_factory=dict)
    may_be_null: bool = False
    """True if ``key:`` without a value means the same as no key."""


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """A key of a section.

    ``default`` is written as in a document, and read as if it stood there. ``help`` is a sentence or two for users.
    """

    name: str
    kind: Kind[T_co]
    help: str
    default: str | tuple[str, ...] | Mapping[str, object] | None = None
    examples: tuple[object, ...] = ()
    is_required: bool = False
    is_secret: bool = False

    def default_node(self) -> Node | None:
        """Return the default as a node of a document; its lines are 0."""
        if isinstance(self.default, tuple):
            return ListNode(0, tuple(Scalar(0, text, TEXT) for text in self.default))
        if isinstance(self.default, str):
            return Scalar(0, self.default, TEXT)
        return None if self.default is None else MapNode(0, {}, {})


@dataclass(frozen=True, slots=True)
class SecretKeys(Generic[T_co]):
    """Two alternative keys: a secret, or the name of the file that contains it."""

    inline: Key[T_co]
    file: Key[T_co]
    is_required: bool = False


@dataclass(frozen=True)
class Section:
    """A mapping with fixed keys. ``unsupported`` maps keys that other exporters support to advice on what to do
    instead.
    """

    title: str
    help: str
    entries: tuple[Key[Any] | SecretKeys[Any], ...]
    unsupported: Mapping[str, str] = field(default_factory=dict)
    ignored_prefix: str | None = None
    """Keys that begin with it are the user's own."""
    needs_one_of: tuple[str, ...] = ()
    """Keys of which at least one must be there."""

    @cached_property
    def keys(self) -> Mapping[str, Key[Any]]:
        return MappingProxyType({key.name: key for key in self._each_key()})

    @property
    def secrets(self) -> Iterator[SecretKeys[Any]]:
        return (entry for entry in self.entries if isinstance(entry, SecretKeys))

    def _each_key(self) -> Iterator[Key[Any]]:
        for entry in self.entries:
            if isinstance(entry, SecretKeys):
                yield entry.inline
                yield entry.file
            else:
                yield entry


class SectionValues:
    """The values of one section of a document: the value of each key, or its default.

    The constructor reports every problem in the section.
    """

    def __init__(self, section: Section, value: Value) -> None:
        """Raise :class:`Unusable` for a value that is neither a mapping nor null."""
        node = value.node
        if isinstance(node, Scalar) and node.is_null:
            node = MapNode(node.line, {}, {})
        if not isinstance(node, MapNode):
            value.refuse(_not_a_mapping(node))
        self._section = section
        self._node = node
        self._place = value.place
        self._context = value.context
        self._values: dict[str, object] = {}
        self._read_keys()
        self._refuse_unknown_keys()

    def __getitem__(self, key: Key[T]) -> T:
        """Return the value of a key. Raise :class:`Unusable` if it is invalid or missing."""
        try:
            return cast("T", self._values[key.name])
        except KeyError:
            raise Unusable from None

    def get(self, key: Key[T]) -> T | None:
        """Return the value of a key, or ``None`` if it is invalid or missing."""
        return cast("T | None", self._values.get(key.name))

    def secret(self, keys: SecretKeys[T]) -> T:
        """Return the secret that one of the two keys gives."""
        return self[keys.file] if self.has(keys.file) else self[keys.inline]

    def has(self, key: Key[Any]) -> bool:
        """Return whether the key is in the document."""
        return key.name in self._node.items

    def node(self, key: Key[Any]) -> Node | None:
        return self._node.items.get(key.name)

    def line(self, key: Key[Any]) -> int:
        """Return the line of a key, or of its section if the key is not there."""
        return self._node.lines.get(key.name, self._node.line)

    def report(self, key: Key[Any], message: str, line: int | None = None) -> None:
        """Report what is wrong with a key, which need not be there, on its line or another."""
        self._context.problems.report(line or self.line(key), Place(self._place, key.name), message)

    def hide_name(self) -> None:
        """Omit the name of the instance from all problems in this section."""
        self._context.problems.unnamed.add(self._place)

    def report_item(self, key: Key[Any], number: int, message: str) -> None:
        """Report what is wrong with an item of the list under a key."""
        node = self.node(key)
        assert isinstance(node, ListNode)
        place = Place(Place(self._place, key.name), number)
        self._context.problems.report(node.items[number].line, place, message)

    def _read_keys(self) -> None:
        names = self._section.needs_one_of
        if names and not self._node.items.keys() & set(names):
            self.report(self._section.keys[names[0]], f"is missing; set {_either(names)}")
        for entry in self._section.entries:
            if isinstance(entry, SecretKeys):
                self._read_secret(entry)
            else:
                self._read(entry)

    def _read_secret(self, keys: SecretKeys[Any]) -> None:
        inline, file = keys.inline, keys.file
        if keys.is_required and not self.has(inline) and not self.has(file):
            self.report(inline, f"is missing; set {inline.name} or {file.name}")
            return
        self._read(inline)
        if self.has(inline) and self.has(file):
            self.report(file, f"{inline.name} is set as well; remove one of the two")
        else:
            self._read(file)

    def _read(self, key: Key[Any]) -> None:
        node = self._node.items.get(key.name)
        if node is None or (key.kind.may_be_null and isinstance(node, Scalar) and node.is_null):
            if key.is_required:
                self.report(key, "is missing")
                return
            node = key.default_node()
            if node is None:
                self._values[key.name] = None
                return
        value = Value(node, self.line(key), Place(self._place, key.name), self._context)
        for found in usable(key.kind.read, value):
            self._values[key.name] = found
            if key.is_secret and isinstance(node, Scalar) and not node.has_variables:
                self._context.has_written_secret = True

    def _refuse_unknown_keys(self) -> None:
        section = self._section
        if self._node.items.keys() <= section.keys.keys():
            return
        for name, line in self._node.lines.items():
            if name in section.keys or (section.ignored_prefix and name.startswith(section.ignored_prefix)):
                continue
            place = Place(self._place, name)
            if name in section.unsupported:
                message = f"is not supported by this exporter; {section.unsupported[name]}"
                self._context.problems.report(line, place, message)
            else:
                self._context.problems.report(line, place, _UnknownKey(name, section))


@dataclass(frozen=True, slots=True)
class _UnknownKey:
    """The message about an unknown key, made only if it is listed: comparing it with the known keys takes long."""

    name: str
    section: Section

    def __call__(self) -> str:
        known, what = self.section.keys, "unknown key"
        for character, name in MISTYPED_IN_KEYS:
            if character.search(self.name):
                what = f"unknown key with {name} in it"
        for sign in ":=":
            before = self.name.partition(sign)[0].strip()
            if sign in self.name and before in known:
                return f'{what}; did you mean "{before}"? Write a colon and a space after it'
        hint = nearest(self.name, known)
        prefix = self.section.ignored_prefix
        if prefix is not None and hint.startswith("expected"):
            hint += f', or a key that begins with "{prefix}"'
        return f"{what}; {hint}"


def section_kind(section: Section, notation: str) -> Kind[SectionValues]:
    """Make the kind of a section that is the value of a key."""
    return Kind(
        lambda value: SectionValues(section, value),
        notation,
        {"$ref": f"#/$defs/{section.title}"},
        may_be_null=True,
    )


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _not_a_mapping(node: Node) -> str:
    message = f"must be a mapping, not {kind_of(node)}"
    if isinstance(node, Scalar) and _UNSEPARATED.match(node.text):
        message += "; write a colon and a space after each key"
    return message
