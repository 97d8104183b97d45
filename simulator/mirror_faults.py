"""Replies that repeat the request: what a careless client then shows holds the credentials it sent."""

from collections.abc import Callable, Iterator
from typing import Final

from exporter.demo.faults import Exchange, Fault, message
from simulator.steps import Ending, Step

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def mirrors() -> tuple[Fault, ...]:
    """The path and the Client-Token, wherever an error message might quote the reply."""

    def mirror(name: str, reply: Callable[[bytes, bytes], bytes]) -> Fault:
        def play(exchange: Exchange) -> Iterator[Step]:
            yield reply(exchange.path.encode("latin-1"), exchange.client_token.encode("latin-1"))
            yield Ending.CLOSE

        return Fault(f"{name} repeats the request", play)

    chunked = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    return (
        mirror("garbage that", lambda path, token: path + b" " + token + b"\r\n\r\n"),
        mirror("status line that", lambda path, token: b"HTTP/1.1 " + path + b" " + token + b"\r\n\r\n"),
        mirror("version that", lambda path, token: b"HTTP/" + path + b" 200 " + token + b"\r\n\r\n"),
        mirror("header line that", lambda path, token: _OK + path + b"\r\n" + token + b"\r\n\r\n"),
        mirror("content-length that", lambda path, token: _OK + b"Content-Length: " + path + b"\r\n\r\n{}"),
        mirror(
            "content-encoding that", lambda path, token: _OK + b"Content-Encoding: " + token + b"\r\n\r\n{}"
        ),
        mirror("chunk size that", lambda path, token: chunked + path + b"\r\n" + token + b"\r\n"),
        mirror("json that", lambda path, token: message(200, b'{"' + path + b'": "' + token + b'", ')),
        mirror("error that", lambda path, token: message(200, b'{"error": "' + path + token + b'"}')),
        mirror("500 that", lambda path, token: message(500, b"<h1>" + path + token + b"</h1>")),
        mirror(
            "redirect that", lambda path, token: message(302, b"", headers=(("Location", path.decode()),))
        ),
        mirror("429 that", lambda path, token: message(429, b"", headers=(("Retry-After", token.decode()),))),
    )
