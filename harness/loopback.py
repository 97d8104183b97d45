"""An HTTP server on the loopback for what others send or fetch."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, TypeVar

S = TypeVar("S", bound="LoopbackServer")


class QuietHandler(BaseHTTPRequestHandler):
    """Reads JSON, sends whole bodies, and logs nothing."""

    def read_json(self) -> Any:
        """Return the request's body."""
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes, content_type: str) -> None:
        """Answer with 200 and this body."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class LoopbackServer:
    """Serves from the moment it is made until :meth:`close` or the end of its ``with``. Port 0 takes a free one."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens, as ``host:port``."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """The root, with a slash at its end."""
        return f"http://{self.address}/"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self: S) -> S:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
