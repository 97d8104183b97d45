"""YAML → a tree in which every value knows its line.

Scalars stay as they were written: what YAML would take for a number can still be refused with a hint, and the
environment is expanded in values only, after parsing, so that a secret can never change the document's shape.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from exporter.config.problem import Problem

_VARIABLE: Final = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\{)")
_STRING_TAG: Final = "tag:yaml.org,2002:str"
_NULL_TAG: Final = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; ``is_text`` is whether YAML reads it as text, not as a number, boolean, date or nothing."""

    line: int
    text: str
    is_text: bool
    is_null: bool


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
    """Reads one document and gathers its problems."""

    def __init__(self, file: str, environ: Mapping[str, str]) -> None:
        self._file = file
        self._environ = environ
        self.problems: list[Problem] = []

    def report(self, line: int, path: str, message: str) -> None:
        self.problems.append(Problem(self._file, line, path, message))

    def read(self, text: str) -> Node | None:
        """The document, or ``None`` where it is no YAML at all."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.report(mark.line + 1 if mark else 1, "document", "is not valid YAML")
            return None
        except (yaml.YAMLError, RecursionError):
            self.report(1, "document", "is not valid YAML")
            return None
        if root is None:
            self.report(1, "document", "is empty; see config.example.yaml")
            return None
        return self._node(root, "")

    def _node(self, node: yaml.Node, path: str, depth: int = 0) -> Node:
        line = node.start_mark.line + 1
        if depth > 10:
            self.report(line, path, "is nested too deeply")
            return ListNode(line, ())
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            items = (self._node(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value))
            return ListNode(line, tuple(items))
        text = self._expand(str(node.value), line, path)
        return Scalar(line, text, node.tag == _STRING_TAG, node.tag == _NULL_TAG)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> MapNode:
        items: dict[str, Node] = {}
        keys: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            key_path = f"{path}.{key}" if path else key
            if key in items:
                self.report(line, key_path, f"is given twice, first in line {keys[key]}")
                continue
            items[key] = self._node(value_node, key_path, depth + 1)
            keys[key] = line
        return MapNode(node.start_mark.line + 1, items, keys)

    def _expand(self, text: str, line: int, path: str) -> str:
        def value(match: "re.Match[str]") -> str:
            dollar, name, fallback = match.groups()
            if dollar:
                return "$"
            if name is None:
                self.report(
                    line, path, "has a malformed ${; write ${NAME} or ${NAME:-fallback}, and $$ for a dollar"
                )
                return ""
            found = self._environ.get(name) or fallback
            if found is None:
                self.report(
                    line, path, f"the environment variable {name} is not set; set it, or give a fallback"
                )
                return ""
            return found

        return _VARIABLE.sub(value, text)
