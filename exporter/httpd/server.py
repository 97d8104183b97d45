"""The HTTP server: one thread with an event loop for all connections, a few for the answers."""

import asyncio
import contextlib
import logging
import resource
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from exporter.httpd.bind import CannotBind, bind, describe
from exporter.httpd.connection import Connection, Service
from exporter.httpd.connection_limiter import Crowd
from exporter.httpd.http import Handler
from exporter.httpd.lanes import Lanes
from exporter.httpd.limits import Limits
from exporter.httpd.security import Security
from exporter.model.clock import Clock

__all__ = ["CannotBind", "Limits", "Server", "bind"]

_SAY_AGAIN: Final = 60.0
"""Seconds before trouble in accepting is logged again."""
_ACCEPT_PAUSE: Final = 0.5
"""Seconds between attempts while the process has no file descriptor left."""
_STOP_MARGIN: Final = 2.0
"""Seconds that ending may take beyond the grace."""

_log = logging.getLogger("exporter.web")


class Server:
    """Answers on ``listeners``, which it owns from now on, until :meth:`close`.

    ``security`` is asked at every connection and request, on the event loop: it must be quick. ``handler`` must
    end by itself, as a thread cannot be interrupted.
    """

    def __init__(
        self,
        handler: Handler,
        listeners: Sequence[socket.socket],
        *,
        clock: Clock,
        security: Callable[[], Security] = Security,
        limits: Limits | None = None,
    ) -> None:
        self._handler = handler
        self._listeners = tuple(listeners)
        self._clock = clock
        self._security = security
        self._limits = limits or Limits()
        self._crowd = Crowd(_affordable(self._limits.connections), self._limits.unsent_bytes)
        self._grace = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._running: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self.addresses: tuple[str, ...] = tuple(describe(listener) for listener in self._listeners)
        """``host:port`` of every listener, with the port the system chose."""

    def start(self) -> None:
        """Returns when connections are being accepted.

        Raises :class:`RuntimeError` or :class:`OSError` where the machine has no thread or no descriptor left for it.
        """
        self._thread.start()
        self._running.result()

    def close(self, grace: float) -> None:
        """Stops accepting, lets answers in flight finish for ``grace`` seconds, then ends every connection."""
        self._grace = grace
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it may end by itself meanwhile
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread.ident is not None:
            self._thread.join(grace + _STOP_MARGIN)
        for listener in self._listeners:
            listener.close()

    def open_connections(self) -> int:
        """How many clients are connected now."""
        return len(self._crowd)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (RuntimeError, OSError) as error:
            if self._running.done():
                raise
            self._running.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_log_failure)
        self._stopping = asyncio.Event()
        limits = self._limits
        service = Service(
            handler=self._handler,
            security=self._security,
            clock=self._clock,
            limits=limits,
            crowd=self._crowd,
            workers=Lanes(limits.threads, limits.threads_per_path, "web-answer"),
            logins=Lanes(limits.login_threads, 1, "web-login"),
            closing=self._stopping,
        )
        reception = Reception(service)
        gates = [asyncio.create_task(reception.admit(listener)) for listener in self._listeners]
        self._running.set_result(None)
        await self._stopping.wait()
        for gate in gates:
            gate.cancel()
        await asyncio.gather(*gates, return_exceptions=True)
        for listener in self._listeners:
            listener.close()
        await reception.see_off(self._grace)
        service.workers.close()
        service.logins.close()


class Reception:
    """Lets connections in, and knows the tasks that serve them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent_until = 0.0

    async def admit(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except ConnectionError:  # it gave up while it waited
                continue
            except OSError as error:
                await self._recover(error)
                continue
            task = loop.create_task(self._serve(accepted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # a flood of connections must not keep the others waiting

    async def see_off(self, grace: float) -> None:
        self._service.crowd.drop_all_but_served()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _recover(self, error: OSError) -> None:
        """No file descriptor is left, most likely: give one back and pause instead of spinning."""
        now = asyncio.get_running_loop().time()
        if now >= self._silent_until:
            _log.error("connections cannot be accepted; retrying", extra={"error": error.strerror})
            self._silent_until = now + _SAY_AGAIN
        self._service.crowd.drop_one()
        await asyncio.sleep(_ACCEPT_PAUSE)

    async def _serve(self, accepted: socket.socket) -> None:
        try:
            tls = self._service.security().tls
            reader, writer = await _streams(accepted)
        except Exception as error:
            accepted.close()
            _log.error("a connection could not be served", extra={"error": type(error).__name__})
            return
        connection = Connection(self._service, reader, writer, tls)
        self._service.crowd.join(connection)
        try:
            await connection.serve()
        except Exception as error:
            _log.error("a connection failed", extra={"error": type(error).__name__})
        finally:
            self._service.crowd.leave(connection)


async def _streams(accepted: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _affordable(wanted: int) -> int:
    """At most half of the file descriptors that the process may open: the polls need theirs."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft // 2))


def _log_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    _log.error("the web server failed", extra={"error": type(context.get("exception")).__name__})
