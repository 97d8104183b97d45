"""What a configuration may say, as tables of keys; and one section of a document read by its table.

A :class:`Key` is declared once. The reader, the errors, the JSON Schema and the reference in ``docs/configuration.md``
are all made of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, NoReturn, TypeVar

from exporter.config.files import TrackedFiles
from exporter.config.nodes import NULL, UNUSABLE, ListNode, MapNode, Node, Scalar
from exporter.config.problem import Place, Problems

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Schema = Mapping[str, Any]
"""A part of a JSON Schema."""


class Unusable(Exception):
    """A value is invalid and was reported."""


def usable(read: Callable[..., T], *arguments: object) -> tuple[T, ...]:
    """Return what ``read`` returns as the only item, or no item if it raises :class:`Unusable`."""
    try:
        return (read(*arguments),)
    except Unusable:
        return ()


@dataclass(slots=True)
class Context:
    """What readers of values share: where problems go, and the files that the document names."""

    problems: Problems
    files: TrackedFiles
    has_written_secret: bool = False
    """True if the document itself holds a secret in plain text."""


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
            self.refuse("must be text, but has no value; give it one, or quote it")
        if not node.is_text:
            self.refuse(f"must be text, but YAML reads it as {node.kind}; quote it")
        return node.text

    def convert(self, reader: Callable[[str], T], text: str, prefix: str = "") -> T:
        """Return what ``reader`` makes of the text; its :class:`ValueError` is reported after ``prefix``."""
        try:
            return reader(text)
        except ValueError as error:
            self.refuse(prefix + str(error))

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
    """A kind of value: how it is read, how the reference writes it, and what an editor is told of it.

    ``read`` raises :class:`Unusable`.
    """

    read: Callable[[Value], T_co]
    notation: str
    schema: Schema
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

    def written_default(self) -> str | None:
        """Return the default as the reference shows it."""
        if isinstance(self.default, tuple):
            return f"[{', '.join(self.default)}]"
        return self.default if isinstance(self.default, str) else None


@dataclass(frozen=True, slots=True)
class SecretKeys(Generic[T_co]):
    """Two keys of which one may be given: a secret, or the name of the file that holds it."""

    inline: Key[T_co]
    file: Key[T_co]
    is_required: bool = False


@dataclass(frozen=True)
class Section:
    """A mapping with fixed keys. ``unsupported`` are keys that others know: each with what to do instead."""

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


def kind_of(node: Node) -> str:
    """Return what a value is, in words."""
    if isinstance(node, Scalar):
        return "nothing" if node.kind == NULL else node.kind
    return "a mapping" if isinstance(node, MapNode) else "a list"
