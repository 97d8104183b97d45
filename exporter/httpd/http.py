"""Requests and responses: the values that the server and the routes exchange."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request.

    ``path`` is decoded and has no query. ``query`` holds the first value of each parameter. ``headers`` have
    lower-case names; repeated ones are joined with a comma.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """A response: what it shares with others, which is never copied, and then its own ``body``.

    The server adds ``Content-Length``, ``Date`` and ``Connection``.
    """

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    shared: tuple[bytes, ...] = ()

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The parts of the body, in order."""
        return tuple(filter(None, (*self.shared, self.body)))

    @property
    def size(self) -> int:
        """The bytes of all pieces."""
        return sum(map(len, self.pieces))


def text_response(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return Response(status, text.encode(), headers=headers)


Answer = Response | Callable[[], Awaitable[Response]]
"""A response, or what waits for it on the event loop."""
Handler = Callable[[Request], Answer]
"""Answers a request, on a thread that may block. ``HEAD`` is answered like ``GET``; the server drops the body."""
