"""A file in YAML or JSON → a tree in which every value knows its line.

Scalars keep their original text, so that a value which YAML reads as a number can be rejected with a hint. Environment
variables are expanded in values only, after parsing, so that a secret cannot change the structure of the document.

Anchors, aliases and merge keys are supported. Tags, and several documents in one file, are not.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from exporter.config import yaml_errors
from exporter.config.files import TrackedFiles, UnreadableFile
from exporter.config.problem import Place, Problems

TEXT: Final = "text"
NULL: Final = "null"
UNUSABLE: Final = "unusable"
"""The kind of a value that was reported already, such as one whose variable is not set."""

MAX_BYTES: Final = 32 * 1024 * 1024
"""Most bytes of a document."""
MAX_DEPTH: Final = 16
MAX_VALUES: Final = 500_000
"""Most values in a document; what an alias repeats counts again."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LATER_NUMBER: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+", re.ASCII
)
_REFUSED: Final = (
    (
        re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"),
        "character {}, which YAML does not allow",
    ),
    # They end a line for YAML, and for nothing else that counts lines.
    (re.compile("[\x85\u2028\u2029]"), "invisible line separator {}"),
)
_LINE_BREAKS: Final = ("\n", "\r")
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""A character beyond U+FFFF as JSON escapes it; YAML has another escape for it."""
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
    f"{_YAML}value": 'the key "="',
}
_COLLECTION_TAGS: Final = frozenset({None, "!", f"{_YAML}map", f"{_YAML}seq"})

Expand = Callable[[str], str]
"""Replaces the variables of a value; raises :class:`ValueError` with a message that holds no value."""

MAX_LENGTH: Final = 65_536
"""Most characters of a value: matching takes memory in proportion."""

_VARIABLE: Final = re.compile(
    r"\$\$"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<fallback>(?:[^$}]|\$(?!\{))*))?\}"
    r"|(?P<malformed>\$\{)",
    re.ASCII,
)
_SHOWN_NAME: Final = re.compile(r"(?![0-9A-F]{16})[A-Z_][A-Z0-9_]{0,63}", re.ASCII)


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


def kind_of(node: Node) -> str:
    """Return what a value is, in words."""
    if isinstance(node, Scalar):
        return node.kind
    return "a mapping" if isinstance(node, MapNode) else "a list"


@dataclass(slots=True)
class Context:
    """What readers of values share: where problems go, and the files that the document names."""

    problems: Problems
    files: TrackedFiles
    has_written_secret: bool = False
    """True if the document itself holds a secret in plain text."""


def read_document(
    name: str,
    context: Context,
    *,
    advice: str,
    environ: Mapping[str, str] | None = None,
    is_json: bool = False,
) -> Node | None:
    """Return the document in a file (null if it is empty), or ``None`` after reporting why it cannot be read.

    ``advice`` says what to do if the file cannot be read as text. ``environ`` is where variables come from; with
    ``None`` a ``$`` is only a dollar sign.
    """
    text = _read_text(name, context, advice)
    if text is None:
        return None
    return _parse(_json_as_yaml(text) if is_json else text, context.problems, environ)


def _read_text(name: str, context: Context, advice: str) -> str | None:
    """Return the text of a document, or ``None`` after reporting what is wrong."""
    try:
        content = context.files.read(name, MAX_BYTES)
    except UnreadableFile as error:
        context.problems.report(1, None, f"{error}; {advice}")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        context.problems.report(line, None, "is not UTF-8 text; save it as UTF-8")
        return None


def _parse(text: str, problems: Problems, environ: Mapping[str, str] | None) -> Node | None:
    problems.last_line = _last_line(text)
    for characters, problem in _REFUSED:
        if (found := characters.search(text)) is not None:
            line, code = text.count("\n", 0, found.start()) + 1, ord(found.group())
            problems.report(line, None, f"has the {problem.format(f'U+{code:04X}')}; remove it")
            return None
    try:
        return _Composer(text, expander(environ) if environ is not None else None, problems).document()
    except yaml.MarkedYAMLError as error:
        line, message = yaml_errors.explain(error, text, problems.last_line)
        problems.report(line, None, message)
    except _Unreadable as stop:
        problems.report(stop.line, stop.place, stop.message)
    return None


def _last_line(text: str) -> int:
    """Return the number of the last line; a line ends with a line feed, a carriage return or both."""
    breaks = sum(map(text.count, _LINE_BREAKS)) - text.count("\r\n")
    return max(1, breaks if text.endswith(_LINE_BREAKS) else breaks + 1)


def _json_as_yaml(text: str) -> str:
    """Return a JSON document as YAML, which escapes characters beyond U+FFFF in another way."""
    return _PAIR.sub(lambda pair: pair[1] + bytes.fromhex(pair[2] + pair[3]).decode("utf-16-be"), text)


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias repeats: how many values, and how deep they lie in it."""

    node: Node
    size: int
    height: int


class _Unreadable(Exception):
    def __init__(self, line: int, place: Place | None, message: str) -> None:
        super().__init__()
        self.line, self.place, self.message = line, place, message


class _Composer:
    """Makes nodes of the parser's events. They come one at a time, so that a long document needs little memory."""

    def __init__(self, text: str, expand: Expand | None, problems: Problems) -> None:
        self._events = yaml.parse(text, Loader=_LOADER)
        self._expand = expand
        self._problems = problems
        self._resolve: Any = yaml.resolver.Resolver().resolve
        self._anchors: dict[str, _Anchored] = {}
        self._open: list[str] = []
        """The anchors of the collections that are being read."""
        self._count = 0
        self._deepest = 0

    def document(self) -> Node:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Scalar(1, "", NULL)
        root = self._node(next(self._events), None, 0)
        next(self._events)  # the end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._problems.report(
                _line(after), None, "ends here, and another document begins; keep one document in the file"
            )
        return root

    def _node(self, event: Any, place: Place | None, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place, depth)
        before, deepest = self._count, self._deepest
        self._deepest = depth
        self._grow(1, 0, event, place, depth)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, place)
        else:
            if event.tag not in _COLLECTION_TAGS:
                self._problems.report(_line(event), place, "has a tag; remove it")
            self._open.append(event.anchor)
            is_list = isinstance(event, yaml.SequenceStartEvent)
            node = self._list(event, place, depth) if is_list else self._mapping(event, place, depth)
            self._open.pop()
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(node, self._count - before, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)
        return node

    def _alias(self, event: Any, place: Place | None, depth: int) -> Node:
        anchored = self._anchors.get(event.anchor)
        if anchored is None and event.anchor in self._open:
            raise _Unreadable(_line(event), place, "is an alias within its own anchor; remove it")
        if anchored is None:
            raise _Unreadable(
                _line(event), place, "is an alias without an anchor above it; quote text that begins with *"
            )
        self._grow(anchored.size, anchored.height, event, place, depth)
        return anchored.node

    def _grow(self, size: int, height: int, event: Any, place: Place | None, depth: int) -> None:
        """Take note of ``size`` more values, which end ``height`` below ``depth``."""
        self._count += size
        self._deepest = max(self._deepest, depth + height)
        if self._count > MAX_VALUES:
            raise _Unreadable(
                _line(event),
                place,
                f"has more than {MAX_VALUES:,} values, those of aliases included; split it, or use fewer aliases",
            )
        if depth + height > MAX_DEPTH:
            raise _Unreadable(_line(event), place, f"is nested in more than {MAX_DEPTH} levels; use fewer")

    def _list(self, start: Any, place: Place | None, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, Place(place, len(items)), depth + 1))
        return ListNode(_line(start), tuple(items))

    def _mapping(self, start: Any, place: Place | None, depth: int) -> MapNode:
        items: dict[str, Node] = {}
        lines: dict[str, int] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, line, kind = self._key(event, place)
            inner = Place(place, key)
            node = self._node(next(self._events), inner, depth + 1)
            if kind == _MERGE:
                merged += node.items if isinstance(node, ListNode) else [node]
            elif key in items:
                self._problems.report(
                    line, inner, f"is set twice, first on line {lines[key]}; keep one of them"
                )
            else:
                items[key], lines[key] = node, line
        for node in merged:
            if not isinstance(node, MapNode):
                self._problems.report(
                    node.line, Place(place, "<<"), "must be an alias of a mapping, or a list of such aliases"
                )
                continue
            items |= {key: inherited for key, inherited in node.items.items() if key not in items}
            lines |= {key: line for key, line in node.lines.items() if key not in lines}
        return MapNode(_line(start), items, lines)

    def _key(self, event: Any, place: Place | None) -> tuple[str, int, str]:
        if isinstance(event, yaml.MappingStartEvent):
            raise _Unreadable(
                _line(event), place, "begins with {{; write ${NAME} for an environment variable"
            )
        if not isinstance(event, yaml.ScalarEvent):
            raise _Unreadable(_line(event), place, "has a key that is not text")
        key, line, kind = str(event.value), _line(event), self._kind(event)
        if kind not in (TEXT, _MERGE):
            found = "no value" if kind == NULL else kind
            self._problems.report(
                line, Place(place, key), f"YAML reads this key as {found}; put it in quotes"
            )
        return key, line, kind

    def _scalar(self, event: Any, place: Place | None) -> Scalar:
        line, kind, written = _line(event), self._kind(event), str(event.value)
        if kind != TEXT:
            return Scalar(line, written, kind)
        try:
            text = _storable(self._expand(written) if self._expand else written)
        except ValueError as error:
            self._problems.report(line, place, str(error))
            return Scalar(line, "", UNUSABLE)
        if self._expand is None:
            return Scalar(line, text, kind)
        has_bare_dollar = text.startswith("$") and not written.startswith("$$")
        has_variables = "${" in written
        reason = why_empty(written) if has_variables and not text.strip() else ""
        return Scalar(line, text, kind, has_variables, has_bare_dollar, reason)

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
        raise ValueError("contains characters that are not valid Unicode") from None
    return text


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def why_empty(written: str) -> str:
    """Return why a value that consists of one variable without a fallback is empty; an empty text for any other."""
    match = _VARIABLE.fullmatch(written.strip())
    if match is None or match["name"] is None or match["fallback"] is not None:
        return ""
    name = match["name"]
    return f"is empty because the environment {_shown_variable(name)} is empty; {_variable_advice(name)}"


def _shown_variable(name: str) -> str:
    return f"variable {name}" if _SHOWN_NAME.fullmatch(name) else "variable named here"


def _variable_advice(name: str) -> str:
    example = name if _SHOWN_NAME.fullmatch(name) else "NAME"
    return f"set it, or write ${{{example}:-fallback}}"


def expander(environ: Mapping[str, str]) -> Expand:
    """Expand ``${NAME}``, ``${NAME:-fallback}`` and ``$$`` from ``environ``.

    The fallback is used if the variable is unset or empty. The content of a variable is not expanded again. A ``$``
    before any other character is a dollar sign.
    """

    def replacement(match: re.Match[str]) -> str:
        if match["malformed"]:
            raise ValueError(
                "has a malformed ${; write ${NAME} or ${NAME:-fallback}, with no variable in the fallback, "
                "and $$ for a dollar sign"
            )
        name, fallback = match["name"], match["fallback"]
        if name is None:
            return "$"
        value = environ.get(name)
        if fallback is not None:
            return value or fallback.replace("$$", "$")
        if value is None:
            shown = _shown_variable(name)
            raise ValueError(f"the environment {shown} is not set; {_variable_advice(name)}")
        return value

    def expand(text: str) -> str:
        if len(text) > MAX_LENGTH:
            raise ValueError(f"is longer than {MAX_LENGTH:,} characters")
        return _VARIABLE.sub(replacement, text) if "$" in text else text

    return expand
