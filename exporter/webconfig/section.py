"""One mapping of the web configuration: what its keys say, and what is wrong with them."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from exporter.config import values
from exporter.config.document import UNUSABLE, ListNode, MapNode, Node, Scalar
from exporter.config.problem import inside

Report = Callable[[int, str, str], None]
"""Takes the line, the path and the message of a problem."""

T = TypeVar("T")
_NO_HINTS: Final[Mapping[str, str]] = MappingProxyType({})


class Section:
    """A mapping, or the empty one that stands in for anything else after that was reported."""

    def __init__(
        self,
        node: Node,
        path: str,
        report: Report,
        *,
        known: Collection[str] | None,
        unsupported: Mapping[str, str] = _NO_HINTS,
    ) -> None:
        """``known`` are the keys that may be in it, ``None`` any; ``unsupported`` are keys that other exporters
        know and we do not, each with what to do instead.
        """
        self._path, self._report = path, report
        self._node = node if isinstance(node, MapNode) else MapNode(node.line, {}, {})
        if node is not self._node and not (isinstance(node, Scalar) and node.is_null):
            report(node.line, path, "must be a mapping")
        for key in self.keys:
            if key in unsupported:
                self.report(key, f"is not supported by this exporter: {unsupported[key]}")
            elif known is not None and key not in known:
                self.report(key, f"is no known key; {values.nearest(key, known)}")

    @property
    def keys(self) -> Collection[str]:
        return self._node.items.keys()

    def report(self, key: str, message: str) -> None:
        """A problem of a key, which need not be there."""
        self._report(self._node.keys.get(key, self._node.line), inside(self._path, key), message)

    def section(
        self, key: str, *, known: Collection[str] | None, unsupported: Mapping[str, str] = _NO_HINTS
    ) -> "Section | None":
        """The mapping of a key; ``None`` where the key is missing."""
        node = self._node.items.get(key)
        if node is None:
            return None
        return Section(node, inside(self._path, key), self._report, known=known, unsupported=unsupported)

    def value(self, key: str, convert: Callable[[str], T]) -> T | None:
        """What ``convert`` makes of the text of a key, or reports with a :class:`ValueError`."""
        node = self._node.items.get(key)
        return None if node is None else self._convert(node, inside(self._path, key), convert)

    def texts(self, key: str) -> tuple[str, ...]:
        """The items of a list of texts that is not empty; nothing where there is none."""
        node = self._node.items.get(key)
        if not isinstance(node, ListNode):
            return ()
        path = inside(self._path, key)
        texts = (self._convert(item, inside(path, number), str) for number, item in enumerate(node.items))
        return tuple(text for text in texts if text is not None)

    def is_list(self, key: str) -> bool:
        """Whether the key has a list with anything in it."""
        node = self._node.items.get(key)
        return isinstance(node, ListNode) and bool(node.items)

    def is_false(self, key: str) -> bool:
        node = self._node.items.get(key)
        return isinstance(node, Scalar) and node.text.lower() == "false"

    def _convert(self, node: Node, path: str, convert: Callable[[str], T]) -> T | None:
        if isinstance(node, Scalar) and node.kind == UNUSABLE:
            return None
        try:
            return convert(values.text(node))
        except ValueError as error:
            self._report(node.line, path, str(error))
            return None
