"""An event loop on a thread of its own that accepts connections, and lets go of everything when closed."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

_BACKLOG: Final = 4096
_RETRY: Final = 0.05
_CLOSING_TURNS: Final = 100

MakeProtocol = Callable[[asyncio.AbstractEventLoop, set[asyncio.Transport]], asyncio.Protocol]
"""Makes the protocol of one connection, which keeps its transport in the set for as long as it is open."""


class LoopThread:
    """``accepted`` is called for every TCP connection, before any TLS handshake; without ``tls`` there is none."""

    def __init__(
        self,
        host: str,
        port: int,
        make_protocol: MakeProtocol,
        *,
        accepted: Callable[[], None] = lambda: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = (host, port)
        self._make_protocol = make_protocol
        self._accepted = accepted
        self._tls = tls
        self._live: set[asyncio.Transport] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._unexpected: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._port: int | None = None

    def start(self) -> None:
        """Bind and accept. Raise OSError for the address, RuntimeError if it runs or no thread is left."""
        if self._thread is not None:
            raise RuntimeError("the simulated Z-API runs already: close it before it is started again")
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        listener = socket.create_server(self._address, family=family, backlog=_BACKLOG)
        listener.setblocking(False)
        self._port = listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._note)
        thread = threading.Thread(
            target=self._run, args=(self._loop, listener), name="simulated-zapi", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            listener.close()
            self._loop.close()
            raise
        self._thread = thread

    def close(self) -> None:
        """Drop everything and end the thread."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._thread = None

    @property
    def port(self) -> int:
        if self._port is None:
            raise RuntimeError("the simulated Z-API has no port yet: start it first")
        return self._port

    @property
    def open_connections(self) -> int:
        return len(self._live)

    @property
    def unexpected(self) -> tuple[str, ...]:
        return tuple(self._unexpected)

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # A peer that goes away at the wrong moment is what this server is for.
        if not isinstance(error, OSError):
            self._unexpected.append(f"{context.get('message')}: {error!r}")

    def _run(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        try:
            self._listen(loop, listener)
            loop.run_forever()
        finally:
            loop.remove_reader(listener)
            listener.close()
            loop.run_until_complete(self._let_go())
            loop.close()

    def _listen(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        loop.add_reader(listener, self._accept, loop, listener)

    def _accept(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        for _ in range(_BACKLOG):
            try:
                connection, _address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # It shares its process with what it tests, which may have used up the file descriptors.
                loop.remove_reader(listener)
                loop.call_later(_RETRY, self._listen, loop, listener)
                return
            connection.setblocking(False)
            self._accepted()
            self._opening.add(opening := loop.create_task(self._open(loop, connection)))
            opening.add_done_callback(partial(self._opened, connection))

    def _opened(self, connection: socket.socket, opening: "asyncio.Task[None]") -> None:
        self._opening.discard(opening)
        if opening.cancelled():
            # One that was cancelled before its first turn has no transport that would close the socket.
            connection.close()

    async def _open(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            await loop.connect_accepted_socket(
                lambda: self._make_protocol(loop, self._live), connection, ssl=self._tls
            )

    async def _let_go(self) -> None:
        # Python 3.10 cannot abandon a connection in the very first turns of its TLS handshake.
        await _turns()
        for opening in tuple(self._opening):
            opening.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for transport in tuple(self._live):
            transport.abort()
        # An aborted transport closes its socket some turns of the loop later, a TLS one after its inner one.
        await _turns()


async def _turns() -> None:
    for _ in range(_CLOSING_TURNS):
        await asyncio.sleep(0)
