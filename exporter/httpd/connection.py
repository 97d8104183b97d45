"""One connection: requests in, responses out."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import h11

from exporter.httpd import message
from exporter.httpd.basic_auth import CHALLENGE, PasswordChecker, read_credentials
from exporter.httpd.limits import ConnectionLimiter, Limits, Stage
from exporter.httpd.message import Handler, Request, Response, text_response
from exporter.httpd.security import Security
from exporter.httpd.stream import ClientStream, Disconnected
from exporter.httpd.worker_pool import FairThreadPool
from exporter.model.clock import Clock

_ALLOW: Final = ("Allow", "GET, HEAD, POST, PUT, OPTIONS")
_UNAUTHORIZED: Final = Response(401, b"A user name and a password are required.\n", headers=(CHALLENGE,))
_NOT_ADMITTED: Final = Response(403, b"The client certificate has none of the allowed names.\n")
_LATER: Final = ("Retry-After", "1")
_TOO_MANY_LOGINS: Final = text_response(429, "Too many passwords are being checked.\n", _LATER)
_INTERNAL_ERROR: Final = Response(500, b"Internal error; see the exporter's log.\n")
_SPEAK_TLS: Final = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"This server requires HTTPS.\n"
)
_CONTINUE: Final = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
_JOINED_BYTES: Final = 64 * 1024
"""Pieces go out together up to this size."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """What all connections of a server share. Once ``closing`` is set, every response is a connection's last."""

    handler: Handler
    security: Callable[[], Security]
    clock: Clock
    limits: Limits
    limiter: ConnectionLimiter
    workers: FairThreadPool
    handshakes: FairThreadPool
    logins: FairThreadPool
    passwords: PasswordChecker
    closing: asyncio.Event


class Connection:
    """Serves one client until either side ends it. Made within the task that serves it."""

    def __init__(self, service: Service, client: socket.socket, address: str) -> None:
        """Handshakes and password checks are counted by ``address``."""
        task = asyncio.current_task()
        assert task is not None, "it is made within the task that serves it"
        self._service = service
        self._limits = service.limits
        self._address = address
        self._task = task
        self._tls = service.security().tls
        self._stream = ClientStream(client, None if self._tls is None else self._tls.context)
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=service.limits.head_bytes)
        self._timer: asyncio.TimerHandle | None = None
        self._only_head = False
        self._admitted = False

    async def serve(self) -> None:
        """Return when the connection has ended; raise nothing that a client can cause."""
        try:
            self._set_timeout(self._limits.handshake)
            await self._stream.handshake(partial(self._service.handshakes.run, self._address), _SPEAK_TLS)
            self._set_timeout(self._limits.head)
            while await self._exchange():
                self._move(Stage.IDLE if self._admitted else Stage.READING)
                self._http.start_next_cycle()
                await self._wait_for_more()
            self._move(Stage.READING)
            self._set_timeout(self._limits.linger)
            await self._stream.close_notify()
        except (Disconnected, ssl.SSLError) as end:
            _log.debug("a connection ended", extra={"error": type(end).__name__})
        finally:
            self._set_timeout(None)

    def _set_timeout(self, seconds: float | None) -> None:
        """Close the connection in ``seconds``, whatever arrives meanwhile, unless another timeout is set before."""
        if self._timer is not None:
            self._timer.cancel()
        loop = self._task.get_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self._task.cancel)

    def _move(self, stage: Stage, unsent: Sequence[bytes] = ()) -> None:
        self._service.limiter.move(self._task, stage, unsent)

    async def _wait_for_more(self) -> None:
        """Return when the next request begins; its time starts only then."""
        begun, _ = self._http.trailing_data
        if not begun:
            self._set_timeout(self._limits.idle)
            self._http.receive_data(await self._stream.receive())
        self._move(Stage.READING)
        self._set_timeout(self._limits.head)

    async def _exchange(self) -> bool:
        """Answer one request; return whether another may follow."""
        try:
            response, close = await self._respond(), False
        except message.Refused as refused:
            response, close = refused.response, True
        except h11.RemoteProtocolError as error:
            response, close = message.malformed(error, self._http.trailing_data[0]).response, True
        security = self._service.security()
        close = close or security.tls is not self._tls or self._service.closing.is_set()
        await self._answer(response, security, close=close)
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _respond(self) -> Response:
        head = await self._read_head()
        request = message.read_head(head, self._limits)
        await self._read_body(message.largest_body(request.method, self._limits))
        self._set_timeout(None)
        refusal = await self._refusal(
            message.joined_headers(head).get("authorization"), self._service.security()
        )
        if refusal is not None:
            return refusal
        self._admitted = True
        if request.path == message.SERVER_WIDE_OPTIONS:
            return Response(204, b"", headers=(_ALLOW,))
        self._move(Stage.ANSWERING)
        return await self._handle(request)

    async def _read_head(self) -> h11.Request:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._only_head = event.method == b"HEAD"
                return event
            if event is not h11.NEED_DATA:
                raise Disconnected
            self._http.receive_data(await self._stream.receive())

    async def _read_body(self, most: int) -> None:
        """Read past the body, which no route needs."""
        self._set_timeout(self._limits.body)
        length = 0
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.EndOfMessage):
                return
            if isinstance(event, h11.Data):
                length += len(event.data)
                message.check_body(length, most)
            elif event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._stream.send(self._http.send(_CONTINUE) or b"")
                self._http.receive_data(await self._stream.receive())

    async def _refusal(self, authorization: str | None, security: Security) -> Response | None:
        """Return the response to a client that is not admitted, by the rules that apply when the request is
        complete.
        """
        tls = security.tls
        if tls is not self._tls and (
            tls is None or self._tls is None or tls.context.verify_mode is not ssl.CERT_NONE
        ):
            raise Disconnected  # only the handshake of a new connection can obey this
        if tls is not None and not tls.admits(self._stream.client_certificate()):
            return _NOT_ADMITTED
        if security.users is None:
            return None
        credentials = read_credentials(authorization)
        if credentials is None:
            return _UNAUTHORIZED
        passwords = self._service.passwords
        if passwords.remembers(security.users, credentials):
            return None
        self._move(Stage.READING)  # as the newest: it has sent all that it can
        check = partial(passwords.verify, security.users, credentials)
        try:
            right = await self._service.logins.run(self._address, check, self._limits.login)
        except asyncio.TimeoutError:
            return _TOO_MANY_LOGINS
        return None if right else _UNAUTHORIZED

    async def _handle(self, request: Request) -> Response:
        try:
            response = await self._service.workers.run(request.path, partial(self._service.handler, request))
            return response if isinstance(response, Response) else await response()
        except Exception as error:
            _log.error("a request could not be answered", extra={"error": type(error).__name__})
            return _INTERNAL_ERROR

    async def _answer(self, response: Response, security: Security, *, close: bool) -> None:
        head, body = self._build(response, security, close=close)
        size = sum(map(len, body))
        self._move(Stage.ANSWERING, body)
        self._set_timeout(self._limits.write + size / self._limits.write_rate)
        for piece in _joined((head, *body)):
            await self._stream.send(piece)

    def _build(self, response: Response, security: Security, *, close: bool) -> tuple[bytes, list[bytes]]:
        """Return head and body as they are sent: the response's own pieces, and none for ``HEAD``."""
        now = self._service.clock.time()
        try:
            event = message.write_head(response, security.headers, now, close=close)
        except h11.LocalProtocolError:
            _log.error("a response had malformed headers")
            response = _INTERNAL_ERROR
            event = message.write_head(response, security.headers, now, close=close)
        head = self._http.send(event) or b""
        body: list[bytes] = []
        if not self._only_head and event.status_code not in message.WITHOUT_CONTENT:
            for piece in response.pieces:
                body += self._http.send_with_data_passthrough(h11.Data(data=piece)) or []
        self._http.send(h11.EndOfMessage())
        return head, body


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small adjacent pieces; yield large ones unchanged."""
    together: list[bytes] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > _JOINED_BYTES:
            yield b"".join(together)
            together, size = [], 0
        together.append(piece)
        size += len(piece)
    yield b"".join(together)
