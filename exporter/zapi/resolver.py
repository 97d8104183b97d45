"""Name lookup with a timeout, which the lookup of the system does not have."""

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from typing import Any

from exporter.zapi.errors import NoThreadLeft

AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
Lookup = Callable[[str, int], Sequence[AddressInfo]]


def system_lookup(host: str, port: int) -> Sequence[AddressInfo]:
    """Ask the system; may block for as long as its name servers do. Raises :class:`OSError`."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Resolver:
    """Looks names up on threads of its own, one for each name at a time, however many polls wait for it.

    If a name server hangs, the poll times out and one thread stays blocked, but no worker.
    """

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, int], Future[Sequence[AddressInfo]]] = {}

    def resolve(self, host: str, port: int, timeout: float) -> Sequence[AddressInfo]:
        """Return the addresses of ``host``, at least one.

        Raise :class:`TimeoutError` after ``timeout`` seconds, :class:`socket.gaierror` for an unknown name, and
        :class:`NoThreadLeft`.
        """
        try:
            with contextlib.suppress(socket.gaierror):
                return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return self._shared_lookup((host, port)).result(timeout)
        except UnicodeError:  # not a host name at all: a label too long or empty
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
        except FutureTimeout:
            raise TimeoutError("the name lookup did not answer") from None

    def _shared_lookup(self, name: tuple[str, int]) -> "Future[Sequence[AddressInfo]]":
        with self._lock:
            if name in self._pending:
                return self._pending[name]
            pending: Future[Sequence[AddressInfo]] = Future()
            thread = threading.Thread(target=self._run, args=(name, pending), name="resolver", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                raise NoThreadLeft("no thread for the name lookup") from None
            # Registered only after the start: a lookup that never started would block its callers for ever.
            self._pending[name] = pending
            return pending

    def _run(self, name: tuple[str, int], future: "Future[Sequence[AddressInfo]]") -> None:
        try:
            tell = partial(future.set_result, self._lookup(*name))
        except Exception as error:
            # with its traceback, which refers to this frame, it would be a cycle that keeps the polls' sockets open
            tell = partial(future.set_exception, error.with_traceback(None))
        with self._lock:  # before the waiting polls know the result: the next one looks the name up anew
            del self._pending[name]
        tell()
