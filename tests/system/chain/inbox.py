"""What each receiver of Alertmanager was sent, as text and as data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from harness.loopback import LoopbackServer, QuietHandler

_FALLBACK: Final = (
    '{{ range .GroupLabels.SortedPairs }}{{ "\\t" }}{{ .Name }}={{ .Value }}{{ end }}'
    '{{ range .Alerts }}{{ "\\n" }}{{ .Status }}'
    '{{ range .Labels.SortedPairs }}{{ "\\t" }}{{ .Name }}={{ .Value }}{{ end }}{{ end }}'
)
"""A Slack message's ``fallback``: the labels of the group, then a line for each alert with its labels."""


def with_data(document: dict[str, Any]) -> str:
    """Return a configuration of Alertmanager that sends these data too."""
    for receiver in document["receivers"]:
        for slack in receiver.get("slack_configs", ()):
            slack["fallback"] = _FALLBACK
    return yaml.safe_dump(document)


@dataclass(frozen=True, slots=True)
class Told:
    """One alert within a message."""

    firing: bool
    labels: Mapping[str, str]

    def has(self, labels: Mapping[str, str]) -> bool:
        """Return whether the alert has all of these labels."""
        return labels.items() <= self.labels.items()


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. ``group`` holds the labels by which Alertmanager grouped its alerts."""

    receiver: str
    title: str
    text: str
    group: Mapping[str, str]
    alerts: tuple[Told, ...]


class Inbox(LoopbackServer):
    """Takes messages as Slack does, one path for each receiver."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        super().__init__(type("Handler", (_Handler,), {"notices": self.notices}))


def history(notices: Iterable[Notice], alert: Mapping[str, str]) -> dict[str, list[str]]:
    """Return for each receiver how the alert with these labels went, as it was told: each change once."""
    told: dict[str, list[str]] = {}
    for notice in notices:
        states = {
            _identity(one): "firing" if one.firing else "resolved" for one in notice.alerts if one.has(alert)
        }
        for state in states.values():
            changes = told.setdefault(notice.receiver, [])
            if changes[-1:] != [state]:
                changes.append(state)
    return told


def repetitions(notices: Iterable[Notice]) -> list[Notice]:
    """Return every message that told its receiver nothing that the group's message before it had not."""
    last: dict[tuple[str, frozenset[tuple[str, str]]], dict[frozenset[tuple[str, str]], bool]] = {}
    repeated = []
    for notice in notices:
        group = (notice.receiver, frozenset(notice.group.items()))
        states = {_identity(one): one.firing for one in notice.alerts}
        known = last.get(group, {})
        if all(known.get(identity) == firing for identity, firing in states.items()):
            repeated.append(notice)
        last[group] = states
    return repeated


def _identity(alert: Told) -> frozenset[tuple[str, str]]:
    return frozenset(alert.labels.items())


class _Handler(QuietHandler):
    notices: list[Notice]

    def do_POST(self) -> None:
        self.notices.append(_notice(self.path.lstrip("/"), self.read_json()))
        self.answer(b"ok", "text/plain")


def _notice(receiver: str, body: Any) -> Notice:
    content = body["attachments"][0]
    group, *alerts = content["fallback"].split("\n")
    told = tuple(
        Told(status == "firing", _labels(labels)) for line in alerts for status, *labels in [line.split("\t")]
    )
    return Notice(receiver, content["title"], content["text"], _labels(group.split("\t")[1:]), told)


def _labels(pairs: Iterable[str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in pairs)
