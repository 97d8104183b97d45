"""What form of a response a client accepts: the format of metrics, and gzip."""

import contextlib
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from exporter.httpd.message import Request, Response
from exporter.metrics.text_format import Format

WORTH_IT: Final = 1024
"""Bytes from which a body gets smaller by more than it costs."""

_LEVEL: Final = 1  # a twelfth of the page; level 9 takes three times as long for a fourteenth
_GZIP_FORMAT: Final = 31
_VERSIONS: Final = {"application/openmetrics-text": ("", "0.0.1", "1.0.0"), "text/plain": ("", "0.0.4")}
"""The versions of each format that are spoken; a client that names none takes any."""


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
