"""The server of the demo: the simulated Z-API on the loopback, with a thread for each connection."""

import socket
import socketserver
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from exporter.demo.api import SimulatedApi, SimulatedRequest

_PAUSE: Final = 0.1
"""Seconds until connections are accepted again where the process has no descriptor left."""


class DemoServer:
    """Serves a simulated Z-API from :meth:`start` to :meth:`close`, on a port that the system chooses."""

    def __init__(self, api: SimulatedApi) -> None:
        """Raise OSError where no port can be had."""
        self._api = api
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, api))
        self._thread = threading.Thread(target=self._server.serve_forever, name="simulated-zapi", daemon=True)

    @property
    def base_url(self) -> str:
        return "http://{}:{}".format(*self._server.server_address)

    def start(self) -> None:
        """Raise RuntimeError where no thread is left."""
        self._api.begin()
        self._thread.start()

    def close(self) -> None:
        """Stop listening. A connection that is open ends with its client."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def get_request(self) -> tuple[Any, Any]:
        try:
            return super().get_request()
        except OSError:
            time.sleep(_PAUSE)  # else the server would try again at once, for ever
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client may leave at any time."""


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, api: SimulatedApi, request: socket.socket, address: Any, server: _Server) -> None:
        self._api = api
        super().__init__(request, address, server)

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        reply = self._api.reply(SimulatedRequest(self.command, self.path, headers, body))
        time.sleep(reply.delay)
        for piece in (reply.what,) if isinstance(reply.what, bytes) else reply.what:
            if isinstance(piece, bytes):
                self.wfile.write(piece)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the exporter logs its polls itself."""
