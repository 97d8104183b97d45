"""Accepts connections, and keeps track of the tasks that serve them."""

import asyncio
import logging
import select
import socket
from functools import partial
from typing import Final

from exporter.httpd.connection import Connection, Service

_LOG_AGAIN: Final = 60.0
"""Seconds before trouble in accepting is logged again."""
_PAUSE: Final = 0.5
"""Seconds between attempts while connections cannot be accepted."""

_log = logging.getLogger(__name__)


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
