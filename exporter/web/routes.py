"""Paths → responses."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from exporter.fleet.store import Fleet
from exporter.httpd.message import Answer, Handler, Request, Response, text_response
from exporter.metrics.scrape import Scrapes
from exporter.options import ExternalUrl
from exporter.web.encoding import accepts_gzip, compressing, exposition_format

_READ: Final = ("GET", "HEAD")
_WRITE: Final = ("POST", "PUT")

Reload = Callable[[], tuple[str, ...]]
"""Loads the configuration anew and gives the problems that kept it from taking effect, or none."""


@dataclass(frozen=True)
class App:
    """The exporter's HTTP surface: a :data:`~exporter.httpd.message.Handler`."""

    fleet: Fleet
    scrapes: Scrapes
    probe: Handler
    reload: Reload
    is_ready: Callable[[], bool]
    page: Callable[[Request], Response]
    telemetry_path: str
    scheme: Callable[[], str]
    has_all_lists: Callable[[], bool] = lambda: True
    external_url: ExternalUrl | None = None
    route_prefix: str = ""

    @cached_property
    def _routes(self) -> Mapping[str, tuple[Sequence[str], Handler]]:
        """The methods that each path accepts, and the handler for them."""
        return {
            "/": (_READ, compressing(self.page)),
            self.telemetry_path: (_READ, self._metrics),
            "/probe": (_READ, self.probe),
            "/sd": (_READ, compressing(self._service_discovery)),
            "/-/healthy": (_READ, lambda request: text_response(200, "The exporter is alive.\n")),
            "/-/ready": (_READ, self._ready),
            "/-/reload": (_WRITE, self._reload),
        }

    def __call__(self, request: Request) -> Answer:
        prefix = self.route_prefix
        if prefix and request.path in ("/", prefix):
            query = f"?{urlencode(request.query, errors='replace')}" if request.query else ""
            return Response(302, b"", headers=(("Location", f"{prefix}/{query}"),))
        path = request.path[len(prefix) :] if request.path.startswith(f"{prefix}/") else ""
        if request.method in _WRITE and _is_cross_site(request.headers):
            return text_response(
                403, "This request was sent by a page of another site: use a command such as curl instead.\n"
            )
        if path not in self._routes:
            return text_response(404, f"Nothing is served at this path. The status page is at {prefix}/.\n")
        methods, answer = self._routes[path]
        if request.method in methods:
            return answer(request)
        allow = ("Allow", ", ".join((*methods, "OPTIONS")))
        if request.method == "OPTIONS":
            return Response(204, b"", headers=(allow,))
        return text_response(405, f"This path takes {' or '.join(methods)}.\n", allow)

    def _metrics(self, request: Request) -> Response:
        fmt = exposition_format(request.headers.get("accept", ""))
        gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
        headers: tuple[tuple[str, str], ...] = (("Vary", "Accept, Accept-Encoding"),)
        if gzip:
            headers += (("Content-Encoding", "gzip"),)
        exposition = self.scrapes.render(fmt, gzip=gzip)
        return Response(200, exposition.own, fmt.value, headers, shared=exposition.shared)

    def _service_discovery(self, request: Request) -> Response:
        """Answer with a target group for each instance, at the external address or the ``Host`` of the request.

        Answer 503 until the list of every account has been requested: Prometheus then keeps its current targets.
        """
        if not self.has_all_lists():
            return text_response(503, "Not ready: the list of an account has not been read yet.\n")
        external = self.external_url
        if external is None:
            address, scheme, prefix = request.headers.get("host", ""), self.scheme(), self.route_prefix
            if not address:
                return text_response(400, "Send a Host header: it is the address of every target.\n")
        else:
            address, scheme, prefix = external.host, external.scheme, external.path
        groups = [
            {
                "targets": [address],
                "labels": {
                    "__scheme__": scheme,
                    "__metrics_path__": f"{prefix}/probe",
                    "__param_name": view.instance.name,
                    "instance": view.instance.name,
                },
            }
            for view in self.fleet.views()
        ]
        return Response(200, json.dumps(groups, ensure_ascii=False).encode(), "application/json")

    def _ready(self, request: Request) -> Response:
        if self.is_ready():
            return text_response(200, "Every instance has been polled.\n")
        return text_response(
            503,
            "Not ready: not every instance has been polled yet, or the list of an account not yet asked for, or the "
            "exporter is stopping.\n",
        )

    def _reload(self, request: Request) -> Response:
        problems = self.reload()
        if problems:
            return text_response(400, "\n".join(("The configuration was not reloaded:", *problems, "")))
        return text_response(200, "The configuration was reloaded.\n")


def _is_cross_site(headers: Mapping[str, str]) -> bool:
    """Return whether a browser sends this for a page of another site; other clients send neither header."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")
