"""One dashboard, drawn once: a picture, and what there is to say of it."""

import contextlib
import functools
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser

_PATIENCE_MS: Final = 1_200_000
_ROW: Final = 38
_HEAD: Final = 50
"""Pixels of a row of Grafana's grid, and of what stands above the first."""
_QUIET: Final = (
    # React's, of Grafana's own code.
    "componentWillReceiveProps",
    "findDOMNode",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn: a dashboard's JSON, the address of a Prometheus, the looks, and the time in unix seconds."""

    dashboard: Mapping[str, Any]
    prometheus: str
    start: float
    end: float
    theme: str = "dark"
    width: int = 1640
    scrape_interval: int = 15
    variables: Mapping[str, str] = field(default_factory=dict)

    def as_page_reads_it(self) -> dict[str, Any]:
        return {
            "dashboard": self.dashboard,
            "prometheus": self.prometheus,
            "from": int(self.start),
            "to": int(self.end),
            "theme": self.theme,
            "width": self.width,
            "scrapeInterval": self.scrape_interval,
            "variables": {**_chosen(self.dashboard), **self.variables},
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that a panel shows, its colour, and whether it stands for data that is there."""

    text: str
    color: str | None
    known: bool


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    """A panel as it came out. ``rows`` counts the points of its data after transformations."""

    title: str
    kind: str
    rows: int
    shown: Sequence[Shown]
    cut: Sequence[str]
    unmatched: Sequence[str]
    error: str | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn dashboard. ``messages`` are errors and warnings of the browser's console."""

    panels: Sequence[DrawnPanel]
    messages: Sequence[str]
    picture: bytes

    def faults(self) -> Iterator[str]:
        """What no viewer should meet, whatever the data."""
        yield from self.messages
        for panel in self.panels:
            if panel.error is not None:
                yield f"{panel.title}: {panel.error}"
            yield from (f"{panel.title}: cut: {text}" for text in panel.cut)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL of a folder, for the length of the ``with``."""
    handler = functools.partial(_Silent, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def draw(browser: Browser, url: str, scene: Scene) -> Drawing:
    """Draw a scene with the bundled page at ``url``."""
    # Tables draw only what is in view.
    page = browser.new_page(viewport={"width": scene.width, "height": _height(scene)}, locale="en-US")
    page.set_default_timeout(_PATIENCE_MS)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"error: {error}"))
    try:
        page.add_init_script(f"window.scene = {json.dumps(scene.as_page_reads_it())}")
        page.goto(url)
        page.wait_for_function("window.drawing && window.drawing.done")
        found = page.evaluate("window.drawing")
        picture = page.screenshot()
    finally:
        page.close()
    messages = [*failures, *found["messages"]]
    return Drawing(
        [_panel(one) for one in found["panels"].values()],
        [message for message in messages if not any(quiet in message for quiet in _QUIET)],
        picture,
    )


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def _height(scene: Scene) -> int:
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in scene.dashboard["panels"])
    return int(rows) * _ROW + _HEAD


def _panel(found: Mapping[str, Any]) -> DrawnPanel:
    return DrawnPanel(
        found["title"],
        found["type"],
        found["rows"],
        [Shown(one["text"], one.get("color"), one["known"]) for one in found["shown"]],
        found["cut"],
        found["unmatched"],
        found.get("error"),
    )


def _chosen(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """Everything is chosen, and what has one value has it."""
    values = {"datasource": "prometheus"}
    for variable in dashboard["templating"]["list"]:
        match variable["type"]:
            case "constant":
                values[variable["name"]] = variable["query"]
            case "datasource":
                pass
            case _:
                chosen = variable.get("current", {}).get("value", "")
                values[variable["name"]] = variable.get("allValue") if chosen == "$__all" else chosen
    return values
