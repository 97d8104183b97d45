"""Bytes to and from one client, with or without TLS.

TLS is done here on memory: asyncio's own costs 0.3 MiB for each silent connection, 332 MiB at 1,000.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

T = TypeVar("T")
_READ_BYTES: Final = 64 * 1024
_WRITE_BYTES: Final = 256 * 1024
"""Large responses are sent in pieces of this size, so that TLS makes no second copy of the whole."""


class Disconnected(Exception):
    """The client has closed the connection."""


class ClientStream:
    """An open connection. Whatever reads or writes raises :class:`Disconnected` once it has ended.

    With TLS, reading and writing also raise :class:`ssl.SSLError`.
    """

    def __init__(self, client: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._socket = client
        self._loop = asyncio.get_running_loop()
        self._context = tls
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    async def handshake(
        self, run: Callable[[Callable[[], Any]], Awaitable[Any]], to_plain_http: bytes
    ) -> None:
        """Do the handshake. ``run`` gives each step, which takes a millisecond or more, to a thread.

        ``to_plain_http`` is sent to a client that does not speak TLS.
        """
        if self._context is None:
            return
        self._incoming.write(await self._read())  # a client that says nothing costs no TLS session
        self._tls = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            to_send, error = await run(partial(_advance, self._tls, self._outgoing))
            await self._write(to_send)
            if error is None:
                return
            if not isinstance(error, ssl.SSLWantReadError):
                await self._write(to_plain_http if error.reason == "HTTP_REQUEST" else b"")
                raise error
            self._incoming.write(await self._read())

    def client_certificate(self) -> Mapping[str, Any] | None:
        """Return the client's verified certificate; ``None`` where it has shown none."""
        return self._tls.getpeercert() if self._tls else None

    async def receive(self) -> bytes:
        """Return some bytes, at least one."""
        if self._tls is None:
            return await self._read()
        received = await self._with_tls(partial(self._tls.read, _READ_BYTES))
        if not received:
            raise Disconnected
        return received

    async def send(self, data: bytes) -> None:
        """Return when the kernel has accepted all bytes."""
        view = memoryview(data)
        while view:
            piece = view[:_WRITE_BYTES]
            if self._tls is None:
                await self._write(piece)
                sent = len(piece)
            else:
                sent = await self._with_tls(partial(self._tls.write, piece))
            view = view[sent:]

    async def close_notify(self) -> None:
        """End our side and wait for the client to end its own.

        Closing at once, with bytes of the client unread, would make its kernel throw our response away.
        """
        if self._tls is not None:
            with contextlib.suppress(ssl.SSLError):  # the client's own has not come, or never will
                self._tls.unwrap()
            await self._write(self._outgoing.read())
        with contextlib.suppress(OSError):  # the client has reset the connection
            self._socket.shutdown(socket.SHUT_WR)
        while True:
            await self._read()

    async def _with_tls(self, operation: Callable[[], T]) -> T:
        """Return what an operation of the TLS session returns, once it has read and written what it wants to."""
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLZeroReturnError:
                raise Disconnected from None
            finally:  # an operation that fails also has something to tell the client
                await self._write(self._outgoing.read())
            self._incoming.write(await self._read())

    async def _read(self) -> bytes:
        await asyncio.sleep(0)  # what has come is read at once: a client that floods must not stop the others
        try:
            received = await self._loop.sock_recv(self._socket, _READ_BYTES)
        except OSError:
            raise Disconnected from None
        if not received:
            raise Disconnected
        return received

    async def _write(self, data: bytes | memoryview) -> None:
        if data:
            await asyncio.sleep(0)  # a fast reader must not stop the others either
            try:
                await self._loop.sock_sendall(self._socket, data)
            except OSError:
                raise Disconnected from None


def _advance(tls: ssl.SSLObject, outgoing: ssl.MemoryBIO) -> tuple[bytes, ssl.SSLError | None]:
    """Continue a handshake; return the bytes to send and the error, if any. No other thread may use the arguments
    meanwhile.
    """
    try:
        tls.do_handshake()
    except ssl.SSLError as error:
        return outgoing.read(), error
    return outgoing.read(), None
