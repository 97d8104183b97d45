"""YAML → nodes that know their lines, for a small file whose values are written by hand.

Values stay as they were written: every bcrypt hash holds dollar signs, so nothing is expanded.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import yaml

from exporter.config.problem import Problem
from exporter.config.values import nearest

_MAX_DEPTH: Final = 8
_TEXT: Final = "tag:yaml.org,2002:str"
_NULL: Final = "tag:yaml.org,2002:null"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scalar:
    """``is_text`` is whether YAML reads it as text, not as a number, a boolean or a date."""

    line: int
    path: str
    written: str
    is_text: bool
    is_null: bool


@dataclass(frozen=True, slots=True)
class Items:
    line: int
    path: str
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``lines`` are those of the keys."""

    line: int
    path: str
    nodes: Mapping[str, "Node"]
    lines: Mapping[str, int]

    def path_of(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def line_of(self, key: str) -> int:
        """That of the table where the key is missing."""
        return self.lines.get(key, self.line)


Node = Scalar | Items | Table


class Document:
    """Reads one document and gathers everything that is wrong with it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def report(self, line: int, path: str, message: str) -> None:
        self.problems.append(Problem(self._file, line, path or "document", message))

    def report_key(self, table: Table, key: str, message: str) -> None:
        self.report(table.line_of(key), table.path_of(key), message)

    def parse(self, text: str) -> Node | None:
        """The root; ``None`` where the document is empty, or was reported to be no YAML."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.report(mark.line + 1 if mark else 1, "", "is not valid YAML")
            return None
        except (yaml.YAMLError, RecursionError):
            self.report(1, "", "is not valid YAML")
            return None
        return None if root is None else self._node(root, "", 0)

    def table(self, node: Node, known: Collection[str] | None, hints: Mapping[str, str]) -> Table:
        """The node as a mapping, an empty one if it is none; ``known`` are the keys that may be in it.

        ``hints`` say what to do instead of keys that others know and we do not.
        """
        if isinstance(node, Scalar) and node.is_null:
            return Table(node.line, node.path, {}, {})
        if not isinstance(node, Table):
            self.report(node.line, node.path, "must be a mapping")
            return Table(node.line, node.path, {}, {})
        for key in node.nodes:
            if known is not None and key not in known:
                hint = (
                    f"is not supported by this exporter: {hints[key]}"
                    if key in hints
                    else f"is no known key; {nearest(key, known)}"
                )
                self.report_key(node, key, hint)
        return node

    def text(self, node: Node) -> str | None:
        if isinstance(node, Scalar) and node.is_text:
            return node.written
        self.report(node.line, node.path, "must be text; quote it")
        return None

    def value(self, table: Table, key: str, convert: Callable[[str], T]) -> T | None:
        """What ``convert`` makes of the text of a key, or reports with a :class:`ValueError`."""
        node = table.nodes.get(key)
        text = None if node is None else self.text(node)
        if node is None or text is None:
            return None
        try:
            return convert(text)
        except ValueError as error:
            self.report(node.line, node.path, str(error))
            return None

    def _node(self, node: yaml.Node, path: str, depth: int) -> Node:
        line = node.start_mark.line + 1
        if depth > _MAX_DEPTH:
            self.report(line, path, "is nested too deeply")
            return Items(line, path, ())
        if isinstance(node, yaml.MappingNode):
            return self._table(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            nodes = (self._node(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value))
            return Items(line, path, tuple(nodes))
        return Scalar(line, path, str(node.value), node.tag == _TEXT, node.tag == _NULL)

    def _table(self, node: yaml.MappingNode, path: str, depth: int) -> Table:
        nodes: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            key_path = f"{path}.{key}" if path else key
            if key in nodes:
                self.report(line, key_path, f"is given twice, first in line {lines[key]}")
                continue
            nodes[key] = self._node(value, key_path, depth + 1)
            lines[key] = line
        return Table(node.start_mark.line + 1, path, nodes, lines)
