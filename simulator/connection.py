"""The HTTP/1.1 side of one connection: finds the requests, has them answered, plays the replies."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple, cast

from exporter.demo.api import SimulatedReply, SimulatedRequest
from exporter.demo.faults import message
from simulator.player import End, Player, reset
from simulator.steps import AnswerNext, Ending

_MAX_HEAD: Final = 64 * 1024


class Head(NamedTuple):
    """The head of a request. ``is_last`` is true where the client wants the connection closed after the reply."""

    request: SimulatedRequest
    body_length: int
    is_last: bool


def parse_head(head: bytes) -> Head:
    """Read a request's head, without its closing empty line. Raise ValueError where it is not HTTP/1.x."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("not HTTP/1.x")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    connection = headers.get("connection", "").lower()
    return Head(
        SimulatedRequest(method, target, headers),
        int(headers.get("content-length", "0")),
        connection == "close" or (version == "HTTP/1.0" and connection != "keep-alive"),
    )


class Observer:
    """Hears what connections do; this one keeps nothing of it."""

    def handshake(self) -> None:
        """A TLS handshake succeeded."""

    def reply_began(self) -> None:
        """A request came whole."""

    def reply_ended(self) -> None:
        """Its reply is complete, or cut off."""


class HttpConnection(asyncio.Protocol):
    """Serves one request after another; ``attend`` says what each gets."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        attend: Callable[[SimulatedRequest], SimulatedReply],
        live: set[asyncio.Transport],
        observer: Observer | None = None,
    ) -> None:
        self._loop = loop
        self._attend = attend
        self._observer = observer or Observer()
        self._live = live
        self._buffer = b""
        self._busy = False
        self._last = False
        self._on_next_request: Ending | AnswerNext | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._player = Player(self._loop, self._transport, self._finished)
        self._live.add(self._transport)
        if transport.get_extra_info("ssl_object") is not None:
            self._observer.handshake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._live.discard(self._transport)
        # Python 3.10 takes a TLS transport that its peer has closed for one that was forgotten.
        self._transport.close()
        self._player.stop()
        if self._busy:
            self._busy = False
            self._observer.reply_ended()

    def pause_writing(self) -> None:
        self._player.block()

    def resume_writing(self) -> None:
        self._player.unblock()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if isinstance(self._on_next_request, AnswerNext):
            self._buffer = b""
            self._transport.write(self._on_next_request.reply)
        elif self._on_next_request is not None:
            self._end(self._on_next_request)
        elif not self._busy:
            self._serve()

    def _serve(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD or not self._buffer[:1].isalpha():
                self._refuse()
            return
        try:
            head = parse_head(self._buffer[:end])
        except ValueError:
            self._refuse()
            return
        end += 4 + head.body_length
        if len(self._buffer) < end:
            return
        body, self._buffer = self._buffer[end - head.body_length : end], self._buffer[end:]
        self._last = head.is_last
        self._busy = True
        self._observer.reply_began()
        self._give(self._attend(replace(head.request, body=body) if body else head.request))

    def _serve_more(self) -> None:
        if self._buffer and not self._busy and not self._transport.is_closing():
            self._serve()

    def _give(self, reply: SimulatedReply) -> None:
        if not isinstance(reply.what, bytes):
            self._player.play(reply.what, reply.delay)
        elif reply.delay > 0:
            self._player.play(iter((reply.what,)), reply.delay)
        else:
            self._transport.write(reply.what)
            self._finished(None)

    def _finished(self, end: End) -> None:
        if end is Ending.SILENCE:
            return
        self._busy = False
        self._observer.reply_ended()
        if end in (Ending.CLOSE_ON_NEXT_REQUEST, Ending.RESET_ON_NEXT_REQUEST):
            self._on_next_request = Ending.CLOSE if end is Ending.CLOSE_ON_NEXT_REQUEST else Ending.RESET
        elif isinstance(end, AnswerNext):
            self._on_next_request = end
        elif isinstance(end, Ending):
            self._end(end)
        elif self._last:
            self._transport.close()
        elif self._buffer:
            self._loop.call_soon(self._serve_more)

    def _refuse(self) -> None:
        self._transport.write(
            message(400, b"<html><h1>400 Bad Request</h1></html>", content_type="text/html")
        )
        self._transport.close()

    def _end(self, ending: Ending) -> None:
        if ending is Ending.RESET:
            reset(self._transport)
        else:
            self._transport.close()
