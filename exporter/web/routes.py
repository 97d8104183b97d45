"""Paths → responses, in the form that the client accepts: the format of metrics, and gzip."""

import contextlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from exporter.fleet.store import Fleet
from exporter.httpd.message import Answer, Handler, Request, Response, text_response
from exporter.metrics.exposition import Format, Scrapes
from exporter.options import ExternalUrl

_READ: Final = ("GET", "HEAD")
_WRITE: Final = ("POST", "PUT")
WORTH_IT: Final = 1024
"""Smallest body, in bytes, that is worth compressing."""

_LEVEL: Final = 1  # a twelfth of the page; level 9 takes three times as long for a fourteenth
_GZIP_FORMAT: Final = 31
_VERSIONS: Final = {"application/openmetrics-text": ("", "0.0.1", "1.0.0"), "text/plain": ("", "0.0.4")}
"""The versions of each format that are spoken; a client that names none takes any."""

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
        if request.method in _WRITE and _is_cross_site(request.headers):
            return text_response(
                403, "This request was sent by a page of another site: use a command such as curl instead.\n"
            )
        route = self._route(request.path)
        if route is None:
            return text_response(
                404, f"Nothing is served at this path. The status page is at {self._page_path}.\n"
            )
        methods, answer = route
        if request.method in methods:
            return answer(request)
        allow = ("Allow", ", ".join((*methods, "OPTIONS")))
        if request.method == "OPTIONS":
            return Response(204, b"", headers=(allow,))
        return text_response(405, f"This path takes {' or '.join(methods)}.\n", allow)

    def _route(self, path: str) -> tuple[Sequence[str], Handler] | None:
        prefix = self.route_prefix
        if prefix and path in ("/", prefix):
            return _READ, self._redirect
        return self._routes.get(path[len(prefix) :] if path.startswith(f"{prefix}/") else "")

    @property
    def _page_path(self) -> str:
        """The path of the page, as others reach it."""
        return f"{self.external_url.path if self.external_url else self.route_prefix}/"

    def _redirect(self, request: Request) -> Response:
        """Redirect to the page; a reverse proxy passes its own path on as the prefix, and never as ``/``."""
        page = f"{self.route_prefix}/" if request.path == "/" else self._page_path
        query = f"?{urlencode(request.query, errors='replace')}" if request.query else ""
        return Response(302, b"", headers=(("Location", f"{page}{query}"),))

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


def compressing(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Return the same handler, with gzip for clients that accept it."""

    def compressed(request: Request) -> Response:
        response = answer(request)
        if response.size < WORTH_IT:
            return response
        own = dict(response.headers)
        own["Vary"] = ", ".join(filter(None, (own.get("Vary"), "Accept-Encoding")))
        if not accepts_gzip(request.headers.get("accept-encoding", "")):
            return replace(response, headers=tuple(own.items()))
        packer = zlib.compressobj(_LEVEL, wbits=_GZIP_FORMAT)
        body = packer.compress(b"".join(response.pieces)) + packer.flush()
        return replace(response, body=body, shared=(), headers=(*own.items(), ("Content-Encoding", "gzip")))

    return compressed


def exposition_format(accept: str) -> Format:
    """Return OpenMetrics for a client that prefers it to text, as Prometheus does; text for any other.

    A version that is not supported counts as another format. A range such as ``*/*`` does not apply to a named format.
    """
    weights: dict[str, float] = {}
    for name, parameters, weight in _alternatives(accept):
        if parameters.get("version", "").strip('"') in _VERSIONS.get(name, ("",)):
            weights[name] = max(weights.get(name, 0.0), weight)
    openmetrics = weights.get("application/openmetrics-text", 0.0)
    text = next((weights[name] for name in ("text/plain", "text/*", "*/*") if name in weights), 0.0)
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= text else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    weights = {name: weight for name, _, weight in _alternatives(accept_encoding)}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _alternatives(header: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Split a header of the form ``a;b=c;q=0.5, d`` into name, parameters and weight of each alternative."""
    for alternative in header.lower().split(","):
        name, *pairs = ("".join(part.split()) for part in alternative.split(";"))
        parameters = {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
        with contextlib.suppress(ValueError):
            yield name, parameters, min(float(parameters.pop("q", "1")), 1.0)
