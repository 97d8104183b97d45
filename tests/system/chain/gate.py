"""What stands between Prometheus and an exporter, so that scrapes can be lost on purpose."""

import re
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Final

from harness.loopback import LoopbackServer, QuietHandler

_OF_ITS_CLOCK: Final = re.compile(
    r"^((?!zapi_instance_due_)zapi_\w*timestamp_seconds(?:{.*})?|(zapi_instance_until_due_seconds{.*})) (\S+)$",
    re.MULTILINE,
)
_PATIENCE: Final = 30.0


class Gate(LoopbackServer):
    """An HTTP server that answers each scrape with what the exporter answers, or not at all.

    ``lose_one_in`` n loses every n-th scrape, 0 none. ``shut`` loses all. ``change`` rewrites the text of an answer.
    """

    def __init__(self, upstream: Callable[[], str]) -> None:
        self.lose_one_in = 0
        self.shut = False
        self.change: Callable[[str], str] = str
        self._upstream = upstream
        self._scrapes = 0
        super().__init__(self._handler())

    def _loses(self) -> bool:
        self._scrapes += 1
        return self.shut or (self.lose_one_in > 0 and self._scrapes % self.lose_one_in == 0)

    def _fetch(self) -> str:
        with urllib.request.urlopen(f"{self._upstream()}/metrics", timeout=_PATIENCE) as answer:
            return self.change(str(answer.read().decode()))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gate = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                if gate._loses():
                    return
                try:
                    body = gate._fetch().encode()
                except OSError:
                    return
                self.answer(body, "text/plain; version=0.0.4; charset=utf-8")

        return Handler


def ahead(seconds: float) -> Callable[[str], str]:
    """Change every time, as if the exporter's clock were ahead by so much, or behind if that is below 0."""

    def shift(found: re.Match[str]) -> str:
        return f"{found[1]} {float(found[3]) + (-seconds if found[2] else seconds)!r}"

    return lambda text: _OF_ITS_CLOCK.sub(shift, text)


def without(pattern: str) -> Callable[[str], str]:
    """Leave out every line in which the pattern is found."""
    return lambda text: "".join(line for line in text.splitlines(True) if not re.search(pattern, line))
