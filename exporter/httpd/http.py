"""The values between the server, which speaks HTTP, and the routes, which know what to answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request, already whole.

    ``path`` is decoded and has no query. ``query`` holds the first value of each parameter. ``headers`` have
    lower-case names; repeated ones are joined with a comma.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: what it shares with others, which is never copied, and then its own ``body``.

    The server adds ``Content-Length``, ``Date`` and ``Connection``.
    """

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    shared: tuple[bytes, ...] = ()

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """All that is sent after the headers."""
        return tuple(filter(None, (*self.shared, self.body)))

    @property
    def size(self) -> int:
        """Of all the pieces, in bytes."""
        return sum(map(len, self.pieces))


def text_response(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return Response(status, text.encode(), headers=headers)


Handler = Callable[[Request], Response | Awaitable[Response]]
"""Answers a request, on a thread that may block.

What it returns instead of a response is awaited on the event loop, so that who waits holds no thread. A ``HEAD`` comes
as it is; the server drops the body.
"""
