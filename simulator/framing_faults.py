"""Faults of HTTP's framing: interim replies, more bytes than one reply, lengths that disagree, odd encodings."""

import gzip
from collections.abc import Callable
from typing import Final

from exporter.demo.faults import Exchange, Fault, message
from simulator.steps import Pause, Step

_FOREIGN: Final = message(200, b'{"connected": false, "name": "of another request"}')
"""A reply that must never be taken for the next one: it has no id that would tell."""

_OK: Final = b"HTTP/1.1 200 OK\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n\r\n"


def interim_replies() -> tuple[Fault, ...]:
    """Healthy answers behind what a network in front says first."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    return (
        _around("102 first", lambda reply: (b"HTTP/1.1 102 Processing\r\n\r\n" + reply,)),
        _around("103 first", lambda reply: (early + reply,)),
        _around("several interim replies first", lambda reply: (early * 3 + reply,)),
        _around("103 and the reply 0.4 s later", lambda reply: (early, Pause(0.4), reply)),
    )


def surplus() -> tuple[Fault, ...]:
    """Answers with bytes behind them that belong to no request."""
    nothing = message(204, b"")
    return (
        _around("a second reply behind the first", lambda reply: (reply + _FOREIGN,)),
        _around("a blank line behind the reply", lambda reply: (reply + b"\r\n",)),
        _around("garbage behind the reply", lambda reply: (reply + b"\0garbage\r\n\r\n",)),
        Fault(
            "a second reply behind 8,192 bytes", lambda exchange: iter((_of_8192_bytes(exchange) + _FOREIGN,))
        ),
        Fault(
            "a second reply behind chunks",
            lambda exchange: iter((_CHUNKED + _chunk(exchange.body) + b"0\r\n\r\n" + _FOREIGN,)),
        ),
        Fault("a second reply behind a 204", lambda _: iter((nothing + _FOREIGN,))),
    )


def ambiguous() -> tuple[Fault, ...]:
    """Replies whose end is not where one of their parts says; each keeps its connection open."""
    sizes = ("+", "0_", "0x", " ")
    return (
        _framed("two equal content-lengths", b"Content-Length: %d\r\nContent-Length: %d\r\n\r\n%s"),
        _framed("a list of content-lengths", b"Content-Length: %d, %d\r\n\r\n%s"),
        _framed("content-length with a sign", b"Content-Length: +%d\r\nX-Odd: %d\r\n\r\n%s"),
        Fault(
            "content-length and chunks",
            lambda exchange: iter(
                (
                    _OK
                    + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(exchange.body)
                    + _chunk(exchange.body)
                    + b"0\r\n\r\n",
                )
            ),
        ),
        Fault(
            "transfer-encoding gzip, chunked",
            lambda exchange: iter(
                (
                    _OK
                    + b"Transfer-Encoding: gzip, chunked\r\n\r\n"
                    + _chunk(gzip.compress(exchange.body, mtime=0))
                    + b"0\r\n\r\n",
                )
            ),
        ),
        *(
            Fault(
                f"chunk size with {before!r}",
                lambda exchange, before=before: iter(  # type: ignore[misc]
                    (_CHUNKED + before.encode() + _chunk(exchange.body) + b"0\r\n\r\n",)
                ),
            )
            for before in sizes
        ),
        Fault(
            "chunk without its line end",
            lambda exchange: iter((_CHUNKED + _chunk(exchange.body)[:-2] + b"0\r\n\r\n",)),
        ),
    )


def unrequested_encodings() -> tuple[Fault, ...]:
    """Bodies in encodings that nobody asked for, each a real one of ``{}``."""
    bodies = {"br": bytes.fromhex("0b00807b7d03"), "zstd": bytes.fromhex("28b52ffd20021100007b7d")}
    return tuple(
        Fault(
            f"content-encoding {encoding}",
            lambda _, encoding=encoding, body=body: iter(  # type: ignore[misc]
                (message(200, body, headers=(("Content-Encoding", encoding),)),)
            ),
        )
        for encoding, body in bodies.items()
    )


def gzip_of_several_members() -> Fault:
    """A healthy answer in legal gzip of three members, one of them empty."""

    def play(exchange: Exchange) -> bytes:
        parts = (exchange.body[:10], b"", exchange.body[10:])
        body = b"".join(gzip.compress(part, mtime=0) for part in parts)
        return message(200, body, headers=(("Content-Encoding", "gzip"),))

    return Fault("gzip of several members", lambda exchange: iter((play(exchange),)))


def _around(name: str, spoil: Callable[[bytes], tuple[Step, ...]]) -> Fault:
    return Fault(name, lambda exchange: iter(spoil(message(200, exchange.body))))


def _framed(name: str, rest: bytes) -> Fault:
    def play(exchange: Exchange) -> bytes:
        return _OK + rest % (len(exchange.body), len(exchange.body), exchange.body)

    return Fault(name, lambda exchange: iter((play(exchange),)))


def _chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


def _of_8192_bytes(exchange: Exchange) -> bytes:
    return message(200, exchange.body + b" " * (8192 - len(exchange.body)))
