"""YAML → a tree in which every value knows its line.

Scalars stay as they were written: what YAML would take for a number can still be refused with a hint, and the
environment is expanded in values only, after parsing, so that a secret can never change the document's shape.

Anchors, aliases and merge keys work. Tags do not, and one file is one document.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from exporter.config.environment import expander
from exporter.config.problem import Problem, inside

MAX_DEPTH: Final = 16
MAX_VALUES: Final = 1_000_000
"""Most values in a document; what an alias repeats counts again."""

TEXT: Final = "text"
NULL: Final = "null"
UNUSABLE: Final = "unusable"
"""The kind of a value that was reported already, such as one whose variable is not set."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LATER_NUMBER: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+", re.ASCII
)
_LINE_BREAKS: Final = ("\n", "\r", "\x85", "\u2028", "\u2029")
_QUOTED: Final = re.compile(r" ?'([^']*)'")
_SIGN: Final = re.compile(r"\W+|<[a-z ]+>", re.ASCII)  # what the parser may quote: ',' or '<block end>'
_YAML: Final = "tag:yaml.org,2002:"
_MERGE: Final = "a merge key"
_KINDS: Final[Mapping[str, str]] = {
    f"{_YAML}str": TEXT,
    "!": TEXT,
    f"{_YAML}int": "a number",
    f"{_YAML}float": "a number",
    f"{_YAML}bool": "a boolean",
    f"{_YAML}null": NULL,
    f"{_YAML}timestamp": "a date",
    f"{_YAML}merge": _MERGE,
    f"{_YAML}value": "a sign of its own",
}
_COLLECTION_TAGS: Final = frozenset({None, "!", f"{_YAML}map", f"{_YAML}seq"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written, with its variables expanded. ``kind`` is what YAML reads it as, in words.

    ``has_variables`` says that the environment gave at least a part of it.
    """

    line: int
    text: str
    kind: str
    has_variables: bool = False

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
    """``keys`` has the line of each key."""

    line: int
    items: Mapping[str, "Node"]
    keys: Mapping[str, int]


Node = Scalar | ListNode | MapNode


class Reader:
    """Reads one document and gathers its problems.

    ``environ`` is where variables come from; with ``None`` a ``$`` is only a dollar sign.
    """

    def __init__(self, file: str, environ: Mapping[str, str] | None) -> None:
        self._file = file
        self._expand = expander(environ) if environ is not None else None
        self._last_line = sys.maxsize  # until the text is known
        self.problems: list[Problem] = []

    def report(self, line: int, path: str, message: str) -> None:
        # The parser finds what is missing at the end of a document in the line after its last one.
        line = min(line, self._last_line)
        self.problems.append(Problem(self._file, line, path or "document", message))

    def read(self, text: str) -> Node | None:
        """The document, a null where there is nothing in it, or ``None`` where none can be made of the text."""
        self._last_line = _last_line(text)
        forbidden = _FORBIDDEN.search(text)
        if forbidden:
            line = text.count("\n", 0, forbidden.start()) + 1
            code = f"U+{ord(forbidden.group()):04X}"
            self.report(line, "", f"has the character {code}, which YAML does not allow; remove it")
            return None
        try:
            return _Composer(text, self._expand, self.report).document()
        except yaml.MarkedYAMLError as error:
            self.report(*_syntax_problem(error, self._last_line))
        except _Unreadable as stop:
            self.report(stop.line, stop.path, stop.message)
        return None


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias repeats: how many values, and how deep they lie in it."""

    node: Node
    size: int
    height: int


class _Unreadable(Exception):
    def __init__(self, line: int, path: str, message: str) -> None:
        super().__init__()
        self.line, self.path, self.message = line, path, message


class _Composer:
    """Makes nodes of the parser's events. They come one at a time, so that a long document needs little memory."""

    def __init__(
        self, text: str, expand: Callable[[str], str] | None, report: Callable[[int, str, str], None]
    ) -> None:
        self._events = yaml.parse(text, Loader=_LOADER)
        self._expand = expand
        self._report = report
        self._resolve: Callable[..., str] = yaml.resolver.Resolver().resolve
        self._anchors: dict[str, _Anchored] = {}
        self._count = 0
        self._deepest = 0

    def document(self) -> Node:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Scalar(1, "", NULL)
        root = self._node(next(self._events), "", 0)
        next(self._events)  # the end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._report(_line(after), "", "ends here and another begins; keep one document in the file")
        return root

    def _node(self, event: Any, path: str, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path, depth)
        before, deepest = self._count, self._deepest
        self._deepest = depth
        self._grow(1, 0, event, path, depth)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, path)
        else:
            if event.tag not in _COLLECTION_TAGS:
                self._report(_line(event), path, "has a tag; remove it")
            is_list = isinstance(event, yaml.SequenceStartEvent)
            node = self._list(event, path, depth) if is_list else self._mapping(event, path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(node, self._count - before, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)
        return node

    def _alias(self, event: Any, path: str, depth: int) -> Node:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise _Unreadable(
                _line(event), path, "is an alias of no anchor above it; quote text that begins with *"
            )
        self._grow(anchored.size, anchored.height, event, path, depth)
        return anchored.node

    def _grow(self, size: int, height: int, event: Any, path: str, depth: int) -> None:
        """Take note of ``size`` more values, which end ``height`` below ``depth``."""
        self._count += size
        self._deepest = max(self._deepest, depth + height)
        if self._count > MAX_VALUES:
            raise _Unreadable(
                _line(event), path, f"makes more than {MAX_VALUES:,} values, with what aliases repeat"
            )
        if depth + height > MAX_DEPTH:
            raise _Unreadable(_line(event), path, "is nested too deeply")

    def _list(self, start: Any, path: str, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, inside(path, len(items)), depth + 1))
        return ListNode(_line(start), tuple(items))

    def _mapping(self, start: Any, path: str, depth: int) -> MapNode:
        items: dict[str, Node] = {}
        keys: dict[str, int] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, line = self._key(event, path), _line(event)
            key_path = inside(path, key)
            node = self._node(next(self._events), key_path, depth + 1)
            if self._kind(event) == _MERGE:
                merged += node.items if isinstance(node, ListNode) else [node]
            elif key in items:
                self._report(line, key_path, f"is given twice, first in line {keys[key]}")
            else:
                items[key], keys[key] = node, line
        for node in merged:
            if not isinstance(node, MapNode):
                self._report(
                    node.line, inside(path, "<<"), "must be an alias of a mapping, or a list of them"
                )
                continue
            items |= {key: inherited for key, inherited in node.items.items() if key not in items}
            keys |= {key: line for key, line in node.keys.items() if key not in keys}
        return MapNode(_line(start), items, keys)

    def _key(self, event: Any, path: str) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _Unreadable(_line(event), path, "has a key that is no text")
        key = str(event.value)
        if self._kind(event) not in (TEXT, _MERGE):
            self._report(
                _line(event), inside(path, key), "is a key that YAML does not read as text; quote it"
            )
        return key

    def _scalar(self, event: Any, path: str) -> Scalar:
        line, kind, text = _line(event), self._kind(event), str(event.value)
        if kind != TEXT:
            return Scalar(line, text, kind)
        has_variables = self._expand is not None and "${" in text
        try:
            text = _storable(self._expand(text) if self._expand else text)
        except ValueError as error:
            self._report(line, path, str(error))
            kind = UNUSABLE
        return Scalar(line, text, kind, has_variables)

    def _kind(self, event: Any) -> str:
        tag = event.tag or self._resolve(yaml.ScalarNode, event.value, event.implicit)
        kind = _KINDS.get(tag, "a value with a tag of its own")
        if kind == TEXT and event.implicit[0] and _LATER_NUMBER.fullmatch(event.value):
            return "a number"  # in YAML 1.2, which editors and other tools read
        return kind


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("has a NUL character; remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("has something that is not Unicode text") from None
    return text


def _last_line(text: str) -> int:
    """The number of the last line; YAML knows five ways to end one."""
    breaks = sum(map(text.count, _LINE_BREAKS)) - text.count("\r\n")
    return max(1, breaks if text.endswith(_LINE_BREAKS) else breaks + 1)


def _syntax_problem(error: yaml.MarkedYAMLError, last_line: int) -> tuple[int, str, str]:
    """What the parser says, without what it quotes of the document, which may be a secret."""
    said = _QUOTED.sub(lambda quoted: quoted[0] if _SIGN.fullmatch(quoted[1]) else "", error.problem or "")
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1, last_line) if mark else last_line
    begun = error.context_mark.line + 1 if error.context and error.context_mark else line
    since = f" {error.context} that begins in line {begun}" if begun < line else ""
    return line, "", f"is not valid YAML: {said}{since}"


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
