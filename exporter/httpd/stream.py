"""Bytes to and from one client, with or without TLS, always under a deadline."""

import asyncio
from typing import Final

from exporter.httpd.tls import TlsStream

_READ_BYTES: Final = 64 * 1024
_WRITE_BYTES: Final = 256 * 1024
"""Large answers are handed on in pieces of this size, so that no second copy of the whole is made."""


class Gone(Exception):
    """The client has closed the connection, or it was dropped."""


class Wire:
    """The open connection. Reading from or writing to one that ended raises :class:`Gone`.

    With TLS, reading and writing also raise :class:`ssl.SSLError`.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: TlsStream | None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._tls = tls
        self._timer: asyncio.TimerHandle | None = None
        writer.transport.set_write_buffer_limits(high=0)  # drain() then means: the kernel has it all
        peer = writer.get_extra_info("peername")
        self.client: str = peer[0] if peer else ""

    def allow(self, seconds: float) -> None:
        """Aborts the connection in ``seconds``, unless something else is allowed before."""
        self.allow_any_time()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.abort)

    def allow_any_time(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def abort(self) -> None:
        self.allow_any_time()
        self._writer.transport.abort()

    async def shake_hands(self) -> None:
        if self._tls is None:
            return
        complete = False
        while not complete:
            received = await self._read()
            try:
                complete = self._tls.shake_hands(received)
            finally:  # a failed handshake also has something to tell the client
                await self._write(self._tls.outgoing())

    async def receive(self) -> bytes:
        """Some bytes, at least one."""
        if self._tls is None:
            return await self._read()
        received = b""  # the first bytes may have come in one piece with the end of the handshake
        while not (plain := self._tls.decrypt(received)):
            await self._write(self._tls.outgoing())
            if self._tls.ended:
                raise Gone
            received = await self._read()
        await self._write(self._tls.outgoing())
        return plain

    async def send(self, data: bytes) -> None:
        """Returns when the kernel has taken everything."""
        view = memoryview(data)
        for start in range(0, len(view), _WRITE_BYTES):
            piece = view[start : start + _WRITE_BYTES]
            if self._tls is None:
                await self._write(piece)
            else:
                self._tls.encrypt(piece)
                await self._write(self._tls.outgoing())

    async def send_without_tls(self, data: bytes) -> None:
        """For a client that does not speak TLS and must be told so."""
        await self._write(data)

    async def finish(self) -> None:
        """Ends our side and waits for the client to end its own.

        Closing at once, with bytes of the client unread, would make its kernel throw our answer away.
        """
        if self._tls is not None:
            self._tls.say_goodbye()
            await self._write(self._tls.outgoing())
        self._writer.write_eof()
        while True:
            await self._read()

    async def _read(self) -> bytes:
        try:
            received = await self._reader.read(_READ_BYTES)
        except OSError:
            raise Gone from None
        if not received:
            raise Gone
        return received

    async def _write(self, data: bytes | memoryview) -> None:
        if not data:
            return
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            raise Gone from None
        if self._writer.transport.is_closing():
            raise Gone
