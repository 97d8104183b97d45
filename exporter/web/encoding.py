"""What form of a response a client accepts: the format of metrics, and gzip."""

import contextlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from exporter.httpd.http import Request, Response
from exporter.metrics.text_format import Format

WORTH_IT: Final = 1024
"""Bytes from which a body gets smaller by more than it costs."""

_LEVEL: Final = 1  # a twelfth of the page; level 9 takes three times as long for a fourteenth
_GZIP_FORMAT: Final = 31


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
    """Return OpenMetrics for a client that prefers it to text, as Prometheus does; text for any other."""
    weights = _weights(accept)
    openmetrics = weights.get("application/openmetrics-text", 0.0)
    text = max((weights.get(name, 0.0) for name in ("text/plain", "text/*", "*/*")), default=0.0)
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= text else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    weights = _weights(accept_encoding)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weights(header: str) -> dict[str, float]:
    """Return the best weight of each alternative in a header of the form ``a;q=0.5, b``."""
    weights: dict[str, float] = {}
    for alternative in header.lower().split(","):
        name, *parameters = ("".join(part.split()) for part in alternative.split(";"))
        given = next((part for part in parameters if part.startswith("q=")), "q=1")
        with contextlib.suppress(ValueError):
            weights[name] = max(weights.get(name, 0.0), min(float(given[2:]), 1.0))
    return weights
