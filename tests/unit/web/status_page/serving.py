"""Serves a page on a loopback port, for a browser to look at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exporter.httpd.message import Request, Response
from tests.unit.httpd import serving as real


@contextmanager
def serving(answer: Callable[[Request], Response]) -> Iterator[str]:
    """Gives the URL of the page."""
    with real.serving(
        lambda request: answer(request) if request.path == "/" else Response(404, b"")
    ) as server:
        yield f"http://{server.addresses[0]}/"
