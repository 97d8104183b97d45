"""What it takes more than one value, or a file, to judge.

The rules look at the nodes, not at the models, so that they hold even where something else is wrong.
"""

from collections.abc import Callable

from exporter.config import values
from exporter.config.document import ListNode, MapNode, Node, Scalar
from exporter.config.files import NamedFiles
from exporter.config.problem import inside
from exporter.config.sections import PaymentSection, PollingSection
from exporter.config.shape import Report


def check(root: MapNode, files: NamedFiles, report: Report) -> None:
    """Report what the rules forbid."""
    api = _mapping(root.items.get("api"))
    _Secrets(api, "api", files, report).check("client_token", values.header_safe)
    _check_ca_file(api, files, report)
    _check_stale_after(_mapping(root.items.get("polling")), report)
    _check_statuses(_mapping(root.items.get("payment")), report)
    instances = root.items.get("instances")
    if isinstance(instances, ListNode):
        _check_instances(instances, files, report)


def _check_instances(instances: ListNode, files: NamedFiles, report: Report) -> None:
    first_lines: dict[tuple[str, str], int] = {}
    for i, node in enumerate(instances.items):
        if not isinstance(node, MapNode):
            continue
        path = inside("instances", i)
        section = _Secrets(node, path, files, report)
        section.check("token", values.safe, required=True)
        section.check("client_token", values.header_safe)
        for key in ("name", "id"):
            text = _text(node, key)
            if text is None:
                continue
            line, identity = node.keys[key], (key, text.casefold() if key == "id" else text)
            if identity in first_lines:
                first = first_lines[identity]
                report(line, inside(path, key), f"is also that of another instance, in line {first}")
            first_lines.setdefault(identity, line)


class _Secrets:
    """The secrets of one section, each of which stands in the document or in a file."""

    def __init__(self, section: MapNode, path: str, files: NamedFiles, report: Report) -> None:
        self._section = section
        self._path = path
        self._files = files
        self._report = report

    def check(self, key: str, check_text: Callable[[str], str], *, required: bool = False) -> None:
        section, file_key = self._section, f"{key}_file"
        if required and key not in section.items and file_key not in section.items:
            self._report(section.line, inside(self._path, key), f"is missing; give {key} or {file_key}")
        if file_key not in section.items:
            return
        line, path = section.keys[file_key], inside(self._path, file_key)
        if key in section.items:
            self._report(line, path, f"is given beside {key}; keep one of them")
            return
        file = _text(section, file_key)
        if file is None:
            return
        try:
            text = self._files.secret(file)
        except ValueError as error:
            self._report(line, path, str(error))
            return
        try:
            check_text(text)
        except ValueError as error:
            self._report(line, path, f"names a file whose text {error}")


def _check_ca_file(api: MapNode, files: NamedFiles, report: Report) -> None:
    file = _text(api, "ca_file")
    if file is None:
        return
    try:
        files.authorities(file)
    except ValueError as error:
        report(api.keys["ca_file"], "api.ca_file", str(error))


def _check_stale_after(polling: MapNode, report: Report) -> None:
    try:
        interval = _seconds(polling, "interval", values.interval)
        stale_after = _seconds(polling, "stale_after", values.stale_after)
    except ValueError:
        return  # reported with the shape
    if stale_after >= interval:
        return
    given = polling.keys
    if "stale_after" not in given:
        message = "is 5m by default, below polling.interval"
    elif "interval" not in given:
        message = "is below polling.interval, 60s by default"
    else:
        message = "is below polling.interval"
    line = given.get("stale_after") or given["interval"]
    report(line, "polling.stale_after", f"{message}; values would vanish between polls")


def _check_statuses(payment: MapNode, report: Report) -> None:
    """Refuse a status that is written in both lists. The default list of unpaid ones yields to what is written."""
    unpaid = payment.items.get("unpaid_statuses")
    if not isinstance(unpaid, ListNode):
        return
    paid = payment.items.get("paid_statuses")
    written = {_status(item) for item in paid.items} if isinstance(paid, ListNode) else set()
    counts_as_paid = written if paid is not None else set(PaymentSection().paid_statuses)
    message = "is also in payment.paid_statuses" if written else "counts as paid by default"
    for i, item in enumerate(unpaid.items):
        if _status(item) in counts_as_paid:
            path = inside("payment.unpaid_statuses", i)
            report(item.line, path, f"{message}; a status is either paid or unpaid")


def _status(node: Node) -> str | None:
    return node.text.strip().lower() if isinstance(node, Scalar) and node.is_text else None


def _seconds(polling: MapNode, key: str, read: Callable[[object], float]) -> float:
    return read(polling.items[key]) if key in polling.items else float(getattr(PollingSection(), key))


def _mapping(node: Node | None) -> MapNode:
    return node if isinstance(node, MapNode) else MapNode(1, {}, {})


def _text(section: MapNode, key: str) -> str | None:
    """The text under a key, if there is some."""
    node = section.items.get(key)
    return node.text if isinstance(node, Scalar) and node.is_text and node.text.strip() else None
