"""The server of the demo: the simulated Z-API on the loopback, on a thread of its own."""

import asyncio

from exporter.demo.api import SimulatedApi
from exporter.demo.connection import HttpConnection
from exporter.demo.loop import LoopThread


class DemoServer:
    """Serves a simulated Z-API from :meth:`start` to :meth:`close`, on a port that the system chooses."""

    def __init__(self, api: SimulatedApi) -> None:
        self._api = api
        self._thread = LoopThread("127.0.0.1", 0, self._connection)

    @property
    def base_url(self) -> str:
        """Where it listens. Raise RuntimeError before it was started."""
        return f"http://127.0.0.1:{self._thread.port}"

    def start(self) -> None:
        """Raise OSError where no port can be had, RuntimeError where no thread is left."""
        self._api.begin()
        self._thread.start()

    def close(self) -> None:
        """Stop listening and drop every connection, whatever is in flight."""
        self._thread.close()

    def _connection(self, loop: asyncio.AbstractEventLoop, live: set[asyncio.Transport]) -> HttpConnection:
        return HttpConnection(loop, self._api.reply, live)
