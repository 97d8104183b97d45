"""Who gets the messages: an HTTP server on the loopback that takes them as Slack would, and shows them."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from stack.page import Message, render


class Receiver:
    """Listens from the moment it is made until the end of its ``with``.

    ``on_message`` hears each message, on a thread of its own.
    """

    def __init__(self, on_message: Callable[[Message], None], port: int = 0) -> None:
        self._messages: list[Message] = []
        self._on_message = on_message
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        """The page of all messages. A receiver's messages are posted to this address with its name after it."""
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

    def _take(self, path: str, body: Any) -> None:
        content = body["attachments"][0]
        message = Message(path.lstrip("/"), content["title"], content["text"])
        self._messages.append(message)
        self._on_message(message)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                # Anything but Slack's own answer makes Alertmanager, from 0.28 on, send the message again.
                self._answer(b"ok", "text/plain")
                receiver._take(self.path, body)

            def do_GET(self) -> None:
                self._answer(render(list(receiver._messages)).encode(), "text/html; charset=utf-8")

            def _answer(self, body: bytes, content_type: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
