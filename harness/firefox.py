"""Drives Debian's Firefox over WebDriver BiDi, the W3C's protocol that Firefox speaks itself.

Playwright brings a Firefox of its own, which is no package of Debian, and no driver for Debian's. No other program is
needed here. What users set for all pages (dark, forced colours, less motion, language) is a preference of the profile.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from harness.processes import PATIENCE
from harness.waiting import wait_until

DARK: Final = {"ui.systemUsesDarkTheme": 1, "layout.css.prefers-color-scheme.content-override": 0}
WHITE_ON_BLACK: Final = {
    "browser.display.document_color_use": 2,
    "browser.display.use_system_colors": False,
    **{f"browser.display.background_color{scheme}": "#000000" for scheme in ("", ".dark")},
    **{f"browser.display.foreground_color{scheme}": "#ffffff" for scheme in ("", ".dark")},
    **{f"browser.anchor_color{scheme}": "#ffff00" for scheme in ("", ".dark")},
}
"""Forced colours: those of the user in place of the page's."""
STILL: Final = {"ui.prefersReducedMotion": 1}
PORTUGUESE: Final = {"intl.accept_languages": "pt-BR, pt"}

_QUIET: Final = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.prefs.recommended": True,
}
_LISTENING: Final = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_KEYS: Final = {"Enter": "\ue007", "Tab": "\ue004"}


class Tab:
    """A tab of a Firefox. A selector is one of CSS; the first element that fits is meant."""

    def __init__(self, session: "_Session", context: str) -> None:
        self._session = session
        self._context = context

    def open(self, url: str) -> None:
        """Go to the URL and wait until all of it has loaded."""
        self._session.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def back(self) -> None:
        self._session.call("browsingContext.traverseHistory", context=self._context, delta=-1)

    def resize(self, width: int, height: int, zoom: float = 1.0) -> None:
        """Give the window so many pixels. The page has ``1 / zoom`` of them, as when a user enlarges it."""
        viewport = {"width": round(width / zoom), "height": round(height / zoom)}
        self._session.call(
            "browsingContext.setViewport", context=self._context, viewport=viewport, devicePixelRatio=zoom
        )

    def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression gives, through JSON; an exception of the page is raised."""
        answer = self._session.call(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"].get("value", "null"))

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        wait_until(lambda: bool(self.evaluate(expression)), PATIENCE, pause=0.05)

    def click(self, selector: str) -> None:
        """Click with the mouse where the element is."""
        place = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getClientRects()[0];"
            f" return [b.x + b.width / 2, b.y + b.height / 2] }})(document.querySelector({json.dumps(selector)}))"
        )
        move = {"type": "pointerMove", "x": round(place[0]), "y": round(place[1])}
        press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._act({"type": "pointer", "id": "mouse", "actions": [move, *press]})

    def type(self, text: str) -> None:
        """Press the keys of the text, one after the other."""
        self._press(text)

    def press(self, key: str) -> None:
        """Press one key, by its name in the DOM."""
        self._press(_KEYS[key])

    def take_screenshot(self, file: Path) -> None:
        answer = self._session.call("browsingContext.captureScreenshot", context=self._context)
        file.write_bytes(base64.b64decode(answer["data"]))

    def complaints(self) -> list[str]:
        """Return what the console of this Firefox has told until now: warnings, errors, broken policies."""
        return self._session.complaints

    def _press(self, keys: str) -> None:
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": strokes})

    def _act(self, source: Mapping[str, Any]) -> None:
        self._session.call("input.performActions", context=self._context, actions=[source])


class _Session:
    """Commands and their answers, over one WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.complaints: list[str] = []

    def call(self, method: str, **parameters: Any) -> Any:
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] in ("warn", "error"):
                self.complaints.append(str(message["params"]["text"]))
            if message.get("id") == self._last:
                assert message["type"] == "success", f"{method}: {message['error']}: {message['message']}"
                return message["result"]


@contextmanager
def firefox(profile: Path, preferences: Mapping[str, object]) -> Iterator[Tab]:
    """Run ``firefox-esr`` without a screen, in an empty folder for its profile; gives its one tab."""
    lines = {**_QUIET, **preferences}.items()
    profile.mkdir()
    (profile / "user.js").write_text(
        "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in lines)
    )
    log = profile / "log"
    command = ["firefox-esr", "--headless", "--no-remote", "--remote-debugging-port=0"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--profile", str(profile), "about:blank"], stdout=output, stderr=output
        )
        try:
            with connect(_await_url(process, log) + "/session", proxy=None, max_size=None) as socket:
                session = _Session(socket)
                session.call("session.new", capabilities={})
                session.call("session.subscribe", events=["log.entryAdded"])
                context = session.call("browsingContext.getTree")["contexts"][0]["context"]
                yield Tab(session, context)
        finally:
            process.kill()
            process.wait()


def _await_url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    found: list[str] = []

    def listening() -> bool:
        assert process.poll() is None, log.read_text()
        found.extend(_LISTENING.findall(log.read_text()))
        return bool(found)

    wait_until(listening, PATIENCE)
    return found[0]
