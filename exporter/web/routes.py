"""Paths → answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from exporter.fleet.store import Fleet
from exporter.httpd.http import Request, Response
from exporter.metrics.scrape import Scrapes
from exporter.web.compression import compressing
from exporter.web.negotiate import accepts_gzip, exposition_format

_READ: Final = ("GET", "HEAD")
_WRITE: Final = ("POST", "PUT")

Reload = Callable[[], tuple[str, ...]]
"""Loads the configuration anew and gives the problems that kept it from taking effect, or none."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the routes reach for. ``poll_now`` waits until the instance of that name was polled."""

    fleet: Fleet
    scrapes: Scrapes

    poll_now: Callable[[str], None]
    reload: Reload
    is_ready: Callable[[], bool]
    page: Callable[[Request], Response]
    telemetry_path: str
    scheme: Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Route:
    methods: tuple[str, ...]
    answer: Callable[[Request], Response]


class App:
    """The exporter's HTTP surface: a :data:`~exporter.httpd.http.Handler`."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._routes: Mapping[str, _Route] = {
            "/": _Route(_READ, compressing(surroundings.page)),
            surroundings.telemetry_path: _Route(_READ, self._metrics),
            "/probe": _Route(_READ, self._probe),
            "/sd": _Route(_READ, compressing(self._service_discovery)),
            "/-/healthy": _Route(_READ, lambda request: _text(200, "The exporter is alive.\n")),
            "/-/ready": _Route(_READ, self._ready),
            "/-/reload": _Route(_WRITE, self._reload),
        }

    def __call__(self, request: Request) -> Response:
        route = self._routes.get(request.path)
        if route is None:
            return _text(404, "There is nothing at this path. The status page is at /.\n")
        if request.method in route.methods:
            return route.answer(request)
        allow = ("Allow", ", ".join((*route.methods, "OPTIONS")))
        if request.method == "OPTIONS":
            return Response(204, b"", headers=(allow,))
        return _text(405, f"This path takes {' or '.join(route.methods)}.\n", allow)

    def _metrics(self, request: Request) -> Response:
        fmt = exposition_format(request.headers.get("accept", ""))
        gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
        headers: tuple[tuple[str, str], ...] = (("Vary", "Accept, Accept-Encoding"),)
        if gzip:
            headers += (("Content-Encoding", "gzip"),)
        exposition = self._around.scrapes.render(fmt, gzip=gzip)
        return Response(200, exposition.own, fmt.value, headers, shared=exposition.shared)

    def _probe(self, request: Request) -> Response:
        name = request.query.get("name")
        if name is None:
            return _text(400, "Name an instance of the configuration: /probe?name=NAME\n")
        if self._around.fleet.view(name) is None:
            return _text(404, "No instance of that name is configured here.\n")
        self._around.poll_now(name)
        view = self._around.fleet.view(name)
        if view is None:
            return _text(404, "The instance was removed by a reload.\n")
        fmt = exposition_format(request.headers.get("accept", ""))
        return Response(200, self._around.scrapes.render_one(view, fmt), fmt.value, (("Vary", "Accept"),))

    def _service_discovery(self, request: Request) -> Response:
        """One target group for each instance; the address is the one by which Prometheus reached us."""
        address = request.headers.get("host", "localhost")
        groups = [
            {
                "targets": [address],
                "labels": {
                    "__scheme__": self._around.scheme(),
                    "__metrics_path__": "/probe",
                    "__param_name": view.instance.name,
                    "instance": view.instance.name,
                },
            }
            for view in self._around.fleet.views()
        ]
        return Response(200, json.dumps(groups, ensure_ascii=False).encode(), "application/json")

    def _ready(self, request: Request) -> Response:
        if self._around.is_ready():
            return _text(200, "Every instance has been polled.\n")
        return _text(503, "Not ready: not every instance has been polled yet, or the exporter is stopping.\n")

    def _reload(self, request: Request) -> Response:
        problems = self._around.reload()
        if problems:
            return _text(400, "The configuration was not reloaded:\n" + "".join(f"{p}\n" for p in problems))
        return _text(200, "The configuration was reloaded.\n")


def _text(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return Response(status, text.encode(), headers=headers)
