"""What form of a response a client accepts: the format of metrics, and gzip."""

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
    """The same answers, as gzip where the client takes it."""

    def compressed(request: Request) -> Response:
        return _compressed(answer(request), accepts_gzip(request.headers.get("accept-encoding", "")))

    return compressed


def _compressed(response: Response, wanted: bool) -> Response:
    if response.size < WORTH_IT:
        return response
    varied = (*(value for name, value in response.headers if name == "Vary"), "Accept-Encoding")
    headers = (*(header for header in response.headers if header[0] != "Vary"), ("Vary", ", ".join(varied)))
    if not wanted:
        return replace(response, headers=headers)
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP_FORMAT)
    body = packer.compress(b"".join(response.pieces)) + packer.flush()
    return replace(response, body=body, shared=(), headers=(*headers, ("Content-Encoding", "gzip")))


def exposition_format(accept: str) -> Format:
    """OpenMetrics for a client that likes it better than text, as Prometheus does; text for any other."""
    weights = _weights(accept)
    openmetrics = weights.get("application/openmetrics-text", 0.0)
    text = max((weights.get(name, 0.0) for name in ("text/plain", "text/*", "*/*")), default=0.0)
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= text else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    weights = _weights(accept_encoding)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weights(header: str) -> dict[str, float]:
    """The best weight of each alternative in a header of the form ``a;q=0.5, b``."""
    weights: dict[str, float] = {}
    for alternative in header.split(","):
        name, *parameters = (part.strip().lower() for part in alternative.split(";"))
        if name:
            weights[name] = max(weights.get(name, 0.0), _weight(parameters))
    return weights


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
