"""Bytes to and from one client, with or without TLS."""

import asyncio
import contextlib
import socket
from typing import Final

from exporter.httpd.tls import TlsStream

_READ_BYTES: Final = 64 * 1024
_WRITE_BYTES: Final = 256 * 1024
"""Large responses are sent in pieces of this size, so that TLS makes no second copy of the whole."""


class Disconnected(Exception):
    """The client has closed the connection."""


class ClientStream:
    """An open connection. Whatever reads or writes raises :class:`Disconnected` once it has ended.

    With TLS, reading and writing also raise :class:`ssl.SSLError`.
    """

    def __init__(self, client: socket.socket, tls: TlsStream | None) -> None:
        self._socket = client
        self._tls = tls
        self._loop = asyncio.get_running_loop()

    async def handshake(self) -> None:
        complete = self._tls is None
        while self._tls is not None and not complete:
            received = await self._read()
            try:
                complete = self._tls.handshake(received)
            finally:  # a failed handshake also has something to tell the client
                await self._write(self._tls.outgoing())

    async def receive(self) -> bytes:
        """Return some bytes, at least one."""
        if self._tls is None:
            return await self._read()
        received = b""  # the first bytes may have come in one piece with the end of the handshake
        while not (plain := self._tls.decrypt(received)):
            await self._write(self._tls.outgoing())
            if self._tls.ended:
                raise Disconnected
            received = await self._read()
        await self._write(self._tls.outgoing())
        return plain

    async def send(self, data: bytes) -> None:
        """Return when the kernel has taken everything."""
        view = memoryview(data)
        for start in range(0, len(view), _WRITE_BYTES):
            piece = view[start : start + _WRITE_BYTES]
            if self._tls is None:
                await self._write(piece)
            else:
                self._tls.encrypt(piece)
                await self._write(self._tls.outgoing())

    async def send_without_tls(self, data: bytes) -> None:
        """Answer a client that does not speak TLS and must be told so."""
        await self._write(data)

    async def close_notify(self) -> None:
        """End our side and wait for the client to end its own.

        Closing at once, with bytes of the client unread, would make its kernel throw our response away.
        """
        if self._tls is not None:
            self._tls.close_notify()
            await self._write(self._tls.outgoing())
        with contextlib.suppress(OSError):  # the client has reset the connection
            self._socket.shutdown(socket.SHUT_WR)
        while True:
            await self._read()

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
            await asyncio.sleep(0)  # nor must one that reads as fast as we send
            try:
                await self._loop.sock_sendall(self._socket, data)
            except OSError:
                raise Disconnected from None
