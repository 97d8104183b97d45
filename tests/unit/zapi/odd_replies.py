"""Odd replies, as servers, balancers and firewalls have sent them, by the reason that a poll must give."""

import gzip
from collections.abc import Mapping
from typing import Final

OWN: Final = b'{"id":"A","connected":true,"name":"own A"}'
FOREIGN_BODY: Final = b'{"connected":false,"name":"foreign"}'


def reply(
    body: bytes = OWN, headers: bytes = b"", status: bytes = b"200 OK", version: bytes = b"1.1"
) -> bytes:
    """Return a reply with its length."""
    return bare(b"Content-Length: %d\r\n" % len(body) + headers, body, status, version)


def bare(headers: bytes, body: bytes = OWN, status: bytes = b"200 OK", version: bytes = b"1.1") -> bytes:
    """Return a reply with these headers alone."""
    return b"HTTP/%s %s\r\n%s\r\n%s" % (version, status, headers, body)


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def coded(transfer: bytes, body: bytes) -> bytes:
    return bare(b"Transfer-Encoding:" + transfer + b"\r\n", body)


def encoded(coding: bytes, body: bytes) -> bytes:
    return reply(body, b"Content-Encoding: " + coding + b"\r\n")


def sized(length: bytes) -> bytes:
    return bare(b"Content-Length:" + length + b"\r\n")


CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
PACKED: Final = gzip.compress(OWN, mtime=0)
CHUNKED: Final = coded(b" chunked", chunks(OWN))
FOREIGN: Final = reply(FOREIGN_BODY)
NO_BODY: Final = b"Content-Length: %d\r\n" % len(FOREIGN_BODY)
UPGRADED: Final = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
GZIP_IN_CHUNKS: Final = b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"

REPLIES: Final[Mapping[str, Mapping[str, bytes]]] = {
    "success": {
        "HTTP/1.0 with keep-alive": reply(headers=b"Connection: keep-alive\r\n", version=b"1.0"),
        "HTTP/1.0 in chunks": bare(b"Transfer-Encoding: chunked\r\n", chunks(OWN), version=b"1.0"),
        "a folded line of blanks": bare(b"X: a\r\n \r\nContent-Length: %d\r\n" % len(OWN)),
        "3,000 headers": reply(headers=b"X-abc: 0123456789\r\n" * 3000),
        "200 cookies": reply(headers=b"Set-Cookie: a=b\r\n" * 200),
        "a reason phrase in Latin-1": reply(status=b"200 Tudo \xf3timo"),
        "half closed behind": reply(),
        "gzip in capitals": encoded(b"GZip ", PACKED),
        "gzip in chunks of 7 bytes": bare(GZIP_IN_CHUNKS, chunks(*pieces(PACKED, 7))),
        "blanks around the length": sized(b"   %d   " % len(OWN)),
        "zeros before the length": sized(b" " + b"0" * 40 + b"%d" % len(OWN)),
        "a tab before chunked": coded(b"\tchunked", chunks(OWN)),
        "an extension in quotes": coded(b" chunked", b'%x;a="b;c"\r\n%s\r\n0;z\r\n\r\n' % (len(OWN), OWN)),
        "zeros before a chunk's size": coded(b" chunked", b"000%x\r\n%s\r\n000\r\n\r\n" % (len(OWN), OWN)),
        "a length as a trailer": CHUNKED[:-2] + b"Content-Length: 4\r\n\r\n",
        "close and keep-alive": reply(headers=b"Connection: close, keep-alive\r\n"),
        "keep-alive and Close": reply(headers=b"Connection: keep-alive\r\nConnection: Close\r\n"),
        "x-closed": reply(headers=b"Connection: x-closed\r\n"),
        "Keep-Alive: timeout=0": reply(headers=b"Keep-Alive: timeout=0\r\n"),
    },
    "invalid_response": {
        "204 with a body": bare(NO_BODY, FOREIGN_BODY, b"204 No"),
        "205": reply(b"", status=b"205 Reset"),
        "one line feed": bare(b"X: y\nContent-Length: %d\r\n" % len(OWN)),
        "a line feed at the end": bare(b"Content-Length: %d\r\n" % len(OWN)).replace(b"\r\n\r\n", b"\r\n\n"),
        "carriage returns alone": b"HTTP/1.1 200 OK\rContent-Length: 5\r\r",
        "a carriage return in a value": reply(headers=b"X: a\rb\r\n"),
        "a blank first": b" " + reply(),
        "http": reply().replace(b"HTTP", b"http"),
        "HTTP/1.2": reply(version=b"1.2"),
        "HTTP/01.1": reply(version=b"01.1"),
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
        "settings of HTTP/2": b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80\0\4\0\1\0\0\0\5\0\xff\xff\xff",
        "settings of HTTP/2, and closed": b"\0\0\0\4\0\0\0\0\0",
        "a tab before the status": b"HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n",
        "two blanks before the status": b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
        "half closed in the body": reply()[:-5],
        "503, closed in the head": b"HTTP/1.1 503 X\r\nRetry-After: 3",
        "zeros behind gzip": encoded(b"gzip", PACKED + bytes(8)),
        "gzip that is not named": reply(PACKED),
        "gzip of nothing": encoded(b"gzip", b""),
        "a hexadecimal length": sized(b" 0x28"),
        "a length with a fraction": sized(b" 40.0"),
        "a length in two parts": sized(b" 4 0"),
        "a vertical tab": coded(b" \x0bchunked", chunks(OWN)),
        "chunked in quotes": coded(b' "chunked"', chunks(OWN)),
        "no transfer coding": coded(b"", OWN),
        "a line feed in an extension": coded(b" chunked", b"%x;a\nb\r\n%s\r\n0\r\n\r\n" % (len(OWN), OWN)),
        "line feeds behind the chunks": CHUNKED[:-4] + b"\n\n",
    },
    "connect": {
        "reset in a header": b"HTTP/1.1 200 OK\r\nContent-Le",
        "reset in the body": reply()[:-5],
    },
    "server_error": {
        "503, reset in the body": reply(b"x" * 50, status=b"503 X")[:-5],
        "503 in bad gzip": reply(b"no gzip", b"Content-Encoding: gzip\r\n", b"503 X"),
        "503 without its body": bare(b"Content-Length: 9\r\n", b"", b"503 X"),
    },
    "rate_limited": {
        "429 in bad chunks": bare(b"Transfer-Encoding: chunked\r\n", b"zz\r\n", b"429 X"),
        "429, to wait": reply(b"", b"Retry-After: 7\r\n", b"429 X"),
    },
    "redirected": {
        "302 with a body": reply(OWN, b"Location: /x\r\n", b"302 F"),
        "307 with the body of a success": reply(status=b"307 F"),
    },
    "bad_status": {
        "101": bare(UPGRADED, FOREIGN, b"101 S"),
        "304 in chunks": bare(b"Transfer-Encoding: chunked\r\n", b"", b"304 X"),
    },
    "wrong_instance": {
        "the id of another": reply(b'{"id":"B","connected":true}'),
    },
    "timeout": {
        "nothing": b"",
        "a head without its body": bare(b"Content-Length: 9\r\n", b""),
        "a head that does not end": b"HTTP/1.1 200 OK\r\nwhat is this\r\n",
        "a greeting without a line end": b"hello",
    },
}
