"""Who gets the messages: an HTTP server on the loopback that takes them as Slack would, and shows them."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from harness.loopback import LoopbackServer, QuietHandler
from stack.page import Message, render


class Receiver(LoopbackServer):
    """A receiver's messages are posted to the URL with its name after it; the URL itself shows all of them.

    ``on_message`` hears each message, on a thread of its own. The page speaks the ``language``, one of ``LANGUAGES``.
    """

    def __init__(self, on_message: Callable[[Message], None], port: int = 0, language: str = "en") -> None:
        self._messages: list[Message] = []
        self._on_message = on_message
        self._language = language
        super().__init__(self._handler(), port)

    def _take(self, path: str, body: Any) -> None:
        content = body["attachments"][0]
        message = Message(path.lstrip("/"), content["title"], content["text"])
        self._messages.append(message)
        self._on_message(message)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                body = self.read_json()
                # Anything but Slack's own answer makes Alertmanager, from 0.28 on, send the message again.
                self.answer(b"ok", "text/plain")
                receiver._take(self.path, body)

            def do_GET(self) -> None:
                page = render(list(receiver._messages), receiver._language)
                self.answer(page.encode(), "text/html; charset=utf-8")

        return Handler
