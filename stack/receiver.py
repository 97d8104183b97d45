"""Who gets the messages: an HTTP server on the loopback that takes them as Slack would."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One notification. ``receiver`` is the name that Alertmanager's configuration gives whoever is told."""

    receiver: str
    title: str
    text: str


class Receiver:
    """Listens from the moment it is made until the end of its ``with``.

    ``on_message`` hears each message, on a thread of its own.
    """

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                on_message(_message(self.path, body))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        """The address to post to, with the receiver's name after it."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> "Receiver":
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


def _message(path: str, body: Any) -> Message:
    content = body["attachments"][0]
    return Message(path.lstrip("/"), content["title"], content["text"])
