"""Smaller answers for clients that can unpack them."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from exporter.httpd.http import Request, Response
from exporter.web.negotiate import accepts_gzip

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
