"""``/probe``: polls one instance on request, as the multi-target pattern of Prometheus describes."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from exporter.fleet.store import Fleet
from exporter.httpd.message import Answer, Request, Response, text_response
from exporter.metrics.exposition import Scrapes
from exporter.model.poll_result import Failure, Reason
from exporter.web.routes import exposition_format

_LONGEST_WAIT: Final = 60.0
"""Seconds for a client that does not say how long it waits."""
_MARGIN: Final = 0.5
"""Seconds between the response and the timeout of the client."""
_STILL_IN_FLIGHT: Final = Failure(
    Reason.TIMEOUT, "the poll was still in flight when the scrape had to be answered"
)


@dataclass(frozen=True, slots=True)
class Probe:
    """Answers ``/probe``.

    ``request_poll`` has an instance polled soon and returns a future of the poll, or ``None`` where there will be no
    poll; ``polling_for`` gives the seconds for which a poll of it has been in flight.
    """

    fleet: Fleet
    scrapes: Scrapes
    request_poll: Callable[[str], "Future[None] | None"]
    polling_for: Callable[[str], float]

    def __call__(self, request: Request) -> Answer:
        name = request.query.get("name")
        if name is None:
            return text_response(400, "Give the name of a configured instance: /probe?name=NAME\n")
        if self.fleet.view(name) is None:
            return text_response(404, "No instance with this name is configured.\n")
        poll = self.request_poll(name)
        return self._answer(name, request) if poll is None else partial(self._wait, name, request, poll)

    async def _wait(self, name: str, request: Request, poll: "Future[None]") -> Response:
        patience = _patience(request.headers.get("x-prometheus-scrape-timeout-seconds", ""))
        try:
            done, _ = await asyncio.wait({asyncio.wrap_future(poll)}, timeout=patience)
        finally:
            poll.cancel()
        hangs = not done and self.polling_for(name) >= patience / 2
        return self._answer(name, request, hangs=hangs)

    def _answer(self, name: str, request: Request, *, hangs: bool = False) -> Response:
        view = self.fleet.view(name)
        if view is None:
            return text_response(404, "The instance was removed by a reload.\n")
        fmt = exposition_format(request.headers.get("accept", ""))
        if hangs:  # the time for its poll has passed
            view = replace(view, up=False, failure=_STILL_IN_FLIGHT)
        body = self.scrapes.render_one(view, fmt)
        return Response(200, body, fmt.value, (("Vary", "Accept"),))


def _patience(scrape_timeout: str) -> float:
    """Return the seconds after which the client must be answered, given its scrape timeout."""
    try:
        seconds = float(scrape_timeout)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_WAIT:
        return _LONGEST_WAIT
    return max(seconds - _MARGIN, seconds / 2)
