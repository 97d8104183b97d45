"""What each receiver of Alertmanager was sent, as text and as data."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final

FALLBACK: Final = (
    '{{ range .GroupLabels.SortedPairs }}{{ "\\t" }}{{ .Name }}={{ .Value }}{{ end }}'
    '{{ range .Alerts }}{{ "\\n" }}{{ .Status }}'
    '{{ range .Labels.SortedPairs }}{{ "\\t" }}{{ .Name }}={{ .Value }}{{ end }}{{ end }}'
)
"""A Slack message's ``fallback``: the labels of the group, then a line for each alert with its labels."""


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


class Inbox:
    """An HTTP server on the loopback that takes messages as Slack does, one path for each receiver."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        handler = type("Handler", (_Handler,), {"notices": self.notices})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        """Where to post to, with the receiver's name after it."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> "Inbox":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


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


class _Handler(BaseHTTPRequestHandler):
    notices: list[Notice]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.notices.append(_notice(self.path.lstrip("/"), body))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _notice(receiver: str, body: Any) -> Notice:
    content = body["attachments"][0]
    group, *alerts = content["fallback"].split("\n")
    told = tuple(
        Told(status == "firing", _labels(labels)) for line in alerts for status, *labels in [line.split("\t")]
    )
    return Notice(receiver, content["title"], content["text"], _labels(group.split("\t")[1:]), told)


def _labels(pairs: Iterable[str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in pairs)
