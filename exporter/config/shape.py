"""A tree of nodes → the sections it says, or what is wrong with its shape in our own words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from exporter.config.document import UNUSABLE, ListNode, MapNode, Node, Scalar
from exporter.config.problem import inside
from exporter.config.sections import LIST, MAPPING, SECTIONS, Document
from exporter.config.values import nearest

Report = Callable[[int, str, str], None]
"""Takes the line, the path and the message of a problem."""

_WANTED: Final[Mapping[str, str]] = {
    "labels": "a mapping from label to value",
    "instances": "a list with at least one instance",
    "paid_statuses": "a list of statuses, such as [paid]",
    "unpaid_statuses": "a list of statuses, such as [unpaid, overdue]",
    "expected_webhooks": "a list of webhooks, or a mapping from webhook to URL",
}


def read(root: MapNode, report: Report) -> Document | None:
    """The document, or ``None`` if anything was reported."""
    try:
        return Document.model_validate(_plain(root))
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            _explain(root, detail["type"], detail["loc"], detail.get("ctx", {}), report)
    return None


def _plain(node: Node) -> object:
    """Mappings and lists as pydantic takes them, with the scalars in them."""
    if isinstance(node, MapNode):
        return {key: _plain(value) for key, value in node.items.items()}
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    return None if node.is_null else node


def _explain(
    root: MapNode, kind: str, steps: Sequence[str | int], context: Mapping[str, Any], report: Report
) -> None:
    line, path, node = _place(root, steps)
    if kind == "missing":
        report(line, path, "is missing")
    elif kind == "extra_forbidden":
        section = SECTIONS[tuple(step for step in steps[:-1] if isinstance(step, str))]
        report(line, path, f"is no known key; {nearest(str(steps[-1]), section.model_fields)}")
    elif isinstance(node, Scalar) and node.kind == UNUSABLE:
        return
    elif kind == "value_error":
        report(line, path, str(context["error"]))
    else:
        last = [step for step in steps if step not in (LIST, MAPPING)][-1]
        report(line, path, f"must be {_WANTED.get(str(last), 'a mapping')}")


def _place(root: MapNode, steps: Sequence[str | int]) -> tuple[int, str, Node | None]:
    """Where ``steps`` lead. What they name beside keys and items is stepped over; a missing key is added."""
    line, path = root.line, ""
    node: Node | None = root
    for step in steps:
        if isinstance(node, MapNode) and step in node.items:
            line, path, node = node.keys[str(step)], inside(path, step), node.items[str(step)]
        elif isinstance(node, ListNode) and isinstance(step, int):
            node = node.items[step]
            line, path = node.line, inside(path, step)
        elif not str(step).startswith("["):
            return line, inside(path, step), None
    return line, path, node
