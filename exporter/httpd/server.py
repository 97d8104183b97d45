"""The HTTP server: one thread with an event loop that accepts and serves all connections, a few for the responses."""

import asyncio
import contextlib
import logging
import resource
import select
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from exporter.httpd.basic_auth import PasswordChecker
from exporter.httpd.bind import describe
from exporter.httpd.connection import Connection, Service
from exporter.httpd.limits import ConnectionLimiter, Limits
from exporter.httpd.message import Handler
from exporter.httpd.security import Security
from exporter.httpd.worker_pool import FairThreadPool
from exporter.model.clock import Clock

_HEARTBEAT: Final = 1.0
"""Seconds between signs of life of the event loop."""
_STOP_MARGIN: Final = 2.0
"""Seconds that ending may take beyond the grace."""
_LOG_AGAIN: Final = 60.0
"""Seconds before trouble in accepting is logged again."""
_PAUSE: Final = 0.5
"""Seconds between attempts while connections cannot be accepted."""

_log = logging.getLogger(__name__)


class Server:
    """Answers requests on ``listeners``, which it owns, until :meth:`close`.

    ``security`` is called for every connection and request, on the event loop: it must be quick. ``handler`` must
    return eventually, because a thread cannot be interrupted.
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
        self._limiter = ConnectionLimiter(_affordable(self._limits.connections), self._limits.unsent_bytes)
        self._grace = 0.0
        self._last_heartbeat = float("inf")
        self._workers: FairThreadPool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._running: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self.addresses: tuple[str, ...] = tuple(describe(listener) for listener in self._listeners)
        """``host:port`` of every listener, with the port the system chose."""
        self.has_failed = False
        """True if the server ended before it was closed."""

    def start(self) -> None:
        """Return when connections are being accepted.

        Raise :class:`RuntimeError` or :class:`OSError` where the machine has no thread or no descriptor left for it.
        """
        self._thread.start()
        self._running.result()

    def close(self, grace: float) -> None:
        """Stop accepting, let responses in flight finish for ``grace`` seconds, then end every connection."""
        self._grace = grace
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it may end by itself meanwhile
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread.ident is not None:
            self._thread.join(grace + _STOP_MARGIN)
        for listener in self._listeners:
            listener.close()

    def unresponsive_for(self) -> float:
        """Return the seconds for which no client can have been answered; 0 while all is well.

        Counted are an event loop that hangs or has ended, connections that cannot be accepted, and requests that wait
        while every thread is held by others.
        """
        silent = self._clock.monotonic() - self._last_heartbeat - _HEARTBEAT
        return max(silent, self._workers.stuck_for() if self._workers else 0.0)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # whatever it is, nobody is answered from now on
            if not self._running.done():
                self._running.set_exception(error)
                return
            self.has_failed = True
            _log.error("the web server has stopped", extra={"error": type(error).__name__})

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._log_failure)
        self._stopping = asyncio.Event()
        limits, clock = self._limits, self._clock
        self._workers = FairThreadPool(limits.threads, limits.threads_per_path, "web-answer", clock)
        service = Service(
            handler=self._handler,
            security=self._security,
            clock=clock,
            limits=limits,
            limiter=self._limiter,
            workers=self._workers,
            handshakes=FairThreadPool(limits.handshake_threads, 1, "web-handshake", clock),
            logins=FairThreadPool(limits.login_threads, 1, "web-login", clock),
            passwords=PasswordChecker(),
            closing=self._stopping,
        )
        acceptor = Acceptor(service)
        endless = (self._beat(acceptor), *map(acceptor.accept_loop, self._listeners))
        tasks = [asyncio.create_task(each) for each in endless]
        stopping = asyncio.create_task(self._stopping.wait())
        self._running.set_result(None)
        await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()  # it ends by an error only
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()
        await acceptor.drain(self._grace)
        for pool in (service.workers, service.handshakes, service.logins):
            pool.close()

    def _log_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not self.has_failed:  # one line is enough
            _log.error("the web server failed", extra={"error": type(context.get("exception")).__name__})

    async def _beat(self, acceptor: "Acceptor") -> None:
        while True:
            if acceptor.is_accepting:
                self._last_heartbeat = self._clock.monotonic()
            await asyncio.sleep(_HEARTBEAT)


def _affordable(wanted: int) -> int:
    """Return ``wanted``, but at most half of the limit of open files: polls need descriptors too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft // 2))


class Acceptor:
    """Accepts connections and serves each in a task of its own. Belongs to one event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tasks: set[asyncio.Task[None]] = set()
        self._log_not_before = 0.0
        self.is_accepting = True
        """False while waiting connections cannot be accepted."""

    async def accept_loop(self, listener: socket.socket) -> None:
        """Serve each client that connects; an error of one connection does not affect others."""
        loop = asyncio.get_running_loop()
        while True:
            self.is_accepting = True
            try:
                client, address = await loop.sock_accept(listener)
                self._start(client, address[0])
                await asyncio.sleep(0)  # a flood of connections must not keep the others waiting
            except ConnectionError:  # it gave up while it waited
                continue
            except Exception as error:  # no file descriptor or memory is left, most likely
                # accept() can fail for lack of a descriptor even with no client waiting; then close no connection
                self.is_accepting = isinstance(error, OSError) and not _is_awaited(listener)
                if not self.is_accepting:
                    self._recover(error)
                await asyncio.sleep(_PAUSE)

    async def drain(self, grace: float) -> None:
        """Let responses in flight finish for ``grace`` seconds, then end every connection."""
        self._service.limiter.evict_all_but_answering()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _recover(self, error: Exception) -> None:
        """Log at most once a minute, and close one connection to free its descriptor."""
        now = asyncio.get_running_loop().time()
        if now >= self._log_not_before:
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            _log.error("connections cannot be accepted; retrying", extra={"error": reason})
            self._log_not_before = now + _LOG_AGAIN
        self._service.limiter.evict_one()

    def _start(self, client: socket.socket, address: str) -> None:
        try:
            task = asyncio.create_task(self._serve(client, address))
        except BaseException:
            client.close()
            raise
        self._tasks.add(task)
        task.add_done_callback(partial(self._end, client))
        self._service.limiter.register(task)

    async def _serve(self, client: socket.socket, address: str) -> None:
        await Connection(self._service, client, address).serve()

    def _end(self, client: socket.socket, task: "asyncio.Task[None]") -> None:
        client.close()
        self._tasks.discard(task)
        self._service.limiter.unregister(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("a connection failed", extra={"error": type(error).__name__})


def _is_awaited(listener: socket.socket) -> bool:
    """Return whether a client waits to be accepted."""
    poll = select.poll()
    poll.register(listener)
    return bool(poll.poll(0))
