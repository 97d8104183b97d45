"""A value of the document while it is read: a node of its tree, its place, and how it is refused."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from exporter.config.files import TrackedFiles
from exporter.config.problem import Place, Problems
from exporter.config.validators import Empty

T = TypeVar("T")

TEXT: Final = "text"
NULL: Final = "null"
UNUSABLE: Final = "unusable"
"""The kind of a value that was reported already, such as one whose variable is not set."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written, with its variables expanded. ``kind`` is what YAML reads it as, in words.

    ``has_variables`` says that at least a part of it came from the environment; ``has_bare_dollar`` that it begins
    with a ``$`` that was not written as ``$$``. ``why_empty`` is the reason where a variable left no text.
    """

    line: int
    text: str
    kind: str
    has_variables: bool = False
    has_bare_dollar: bool = False
    why_empty: str = ""

    @property
    def is_text(self) -> bool:
        return self.kind == TEXT

    @property
    def is_null(self) -> bool:
        return self.kind == NULL


@dataclass(frozen=True, slots=True)
class ListNode:
    line: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class MapNode:
    """``lines`` has the line of each key."""

    line: int
    items: Mapping[str, "Node"]
    lines: Mapping[str, int]


Node = Scalar | ListNode | MapNode


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


def kind_of(node: Node) -> str:
    """Return what a value is, in words."""
    if isinstance(node, Scalar):
        return node.kind
    return "a mapping" if isinstance(node, MapNode) else "a list"
