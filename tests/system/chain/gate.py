"""What stands between Prometheus and an exporter, so that scrapes can be lost on purpose."""

import re
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_TIMESTAMP: Final = re.compile(r"^(zapi_\w*timestamp_seconds(?:{.*})?) (\S+)$", re.MULTILINE)
_PATIENCE: Final = 30.0


class Gate:
    """An HTTP server that answers each scrape with what the exporter answers, or not at all.

    ``lose_one_in`` n loses every n-th scrape, 0 none. ``shut`` loses all. ``change`` rewrites the text of an answer.
    """

    def __init__(self, upstream: Callable[[], str]) -> None:
        self.lose_one_in = 0
        self.shut = False
        self.change: Callable[[str], str] = str
        self._upstream = upstream
        self._scrapes = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What Prometheus scrapes: ``host:port``."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _loses(self) -> bool:
        self._scrapes += 1
        return self.shut or (self.lose_one_in > 0 and self._scrapes % self.lose_one_in == 0)

    def _fetch(self) -> str:
        with urllib.request.urlopen(f"{self._upstream()}/metrics", timeout=_PATIENCE) as answer:
            return self.change(str(answer.read().decode()))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if gate._loses():
                    return
                try:
                    body = gate._fetch().encode()
                except OSError:
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def ahead(seconds: float) -> Callable[[str], str]:
    """Change every timestamp, as if the exporter's clock were ahead by so much."""
    return lambda text: _TIMESTAMP.sub(lambda found: f"{found[1]} {float(found[2]) + seconds!r}", text)


def without(pattern: str) -> Callable[[str], str]:
    """Leave out every line in which the pattern is found."""
    return lambda text: "".join(line for line in text.splitlines(True) if not re.search(pattern, line))
