"""Faults of the wire: silence, drips, floods, resets, and HTTP that is not HTTP."""

import gzip
import itertools
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from exporter.demo.faults import Exchange, Fault, message
from simulator.steps import AnswerNext, Ending, Pause, Step

_MIB: Final = 1 << 20
_BLOCK: Final = 1 << 16
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def raw(name: str, reply: bytes, ending: Ending | None = Ending.CLOSE) -> Fault:
    """Exactly these bytes, then the ending; ``None`` keeps the connection for the next request."""
    return Fault(name, lambda _: iter((reply,) if ending is None else (reply, ending)))


def silence() -> Fault:
    """Takes the request and never answers."""
    return Fault("silence", lambda _: iter((Ending.SILENCE,)))


def silence_after_headers() -> Fault:
    return raw("silence after the headers", _OK + b"Content-Length: 700\r\n\r\n", Ending.SILENCE)


def silence_within_body() -> Fault:
    return _whole("silence within the body", lambda reply: (reply[:-20], Ending.SILENCE))


def reset_before_reply() -> Fault:
    return Fault("reset before the reply", lambda _: iter((Ending.RESET,)))


def reset_within_headers() -> Fault:
    return raw("reset within the headers", _OK, Ending.RESET)


def reset_within_body() -> Fault:
    return _whole("reset within the body", lambda reply: (reply[:-20], Ending.RESET))


def closed_before_reply() -> Fault:
    return Fault("closed before the reply", lambda _: iter((Ending.CLOSE,)))


def closed_within_headers() -> Fault:
    return raw("closed within the headers", _OK)


def short_body() -> Fault:
    """Closes in an orderly way before as many bytes as ``Content-Length`` says."""
    return _whole("short body", lambda reply: (reply[:-20], Ending.CLOSE))


def held_until(event: threading.Event) -> Fault:
    """The healthy reply, but not before the event is set. Not in the catalogue: its time is the test's to choose."""

    def play(exchange: Exchange) -> Iterator[Step]:
        while not event.is_set():
            yield Pause(0.01)
        yield message(200, exchange.body)

    return Fault("held", play)


def closed_when_idle() -> Fault:
    """A healthy answer; the connection closes behind it."""
    return _whole("closed when idle", lambda reply: (reply, Ending.CLOSE))


def closed_on_next_request() -> Fault:
    """A healthy answer; a second request on the connection finds it closing, as after a keep-alive timeout."""
    return _whole("closed on the next request", lambda reply: (reply, Ending.CLOSE_ON_NEXT_REQUEST))


def reset_on_next_request() -> Fault:
    return _whole("reset on the next request", lambda reply: (reply, Ending.RESET_ON_NEXT_REQUEST))


def refused_on_next_request(status: int) -> Fault:
    """A healthy answer; whoever asks next on the connection is refused by a status that concerns it alone."""
    refusal = message(status, b"", headers=(("Connection", "close"),))
    return _whole(f"{status} on the next request", lambda reply: (reply, AnswerNext(refusal)))


def one_reply_behind() -> Fault:
    """The answer of another request, and again for whoever asks next on the connection: there without any id."""
    first = message(200, b'{"id": "of another request", "connected": false}')
    later = message(200, b'{"connected": false, "name": "of another request"}')
    return Fault("one reply behind", lambda _: iter((first, AnswerNext(later))))


def stale_keep_alive() -> tuple[Fault, ...]:
    """Answers that are healthy, on connections that do not last."""
    return (
        closed_when_idle(),
        closed_on_next_request(),
        reset_on_next_request(),
        refused_on_next_request(408),
        refused_on_next_request(421),
    )


def dripping_status_line(interval: float = 1.0) -> Fault:
    """A byte of the status line every ``interval`` seconds, then of all the rest."""
    return Fault("dripping status line", lambda exchange: _drip(message(200, exchange.body), interval))


def dripping_headers(interval: float = 1.0) -> Fault:
    """The status line at once, then a byte of headers every ``interval`` seconds, for ever."""

    def play(_: Exchange) -> Iterator[Step]:
        yield b"HTTP/1.1 200 OK\r\n"
        for number in itertools.count():
            yield from _drip(b"X-Drip-%d: drop\r\n" % number, interval)

    return Fault("dripping headers", play)


def dripping_body(interval: float = 1.0) -> Fault:
    """The headers at once, then a byte of the body every ``interval`` seconds."""

    def play(exchange: Exchange) -> Iterator[Step]:
        head, _, body = message(200, exchange.body).partition(b"\r\n\r\n")
        yield head + b"\r\n\r\n"
        yield from _drip(body, interval)

    return Fault("dripping body", play)


def dripping_chunks(interval: float = 1.0) -> Fault:
    """A chunk of one space every ``interval`` seconds, for ever."""

    def play(_: Exchange) -> Iterator[Step]:
        yield _OK + b"Transfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"1\r\n \r\n"
            yield Pause(interval)

    return Fault("dripping chunks", play)


def dripping_continue(interval: float = 1.0) -> Fault:
    """A ``100 Continue`` every ``interval`` seconds, for ever."""

    def play(_: Exchange) -> Iterator[Step]:
        while True:
            yield b"HTTP/1.1 100 Continue\r\n\r\n"
            yield Pause(interval)

    return Fault("dripping 100 continue", play)


def drips(interval: float = 1.0) -> tuple[Fault, ...]:
    return (
        dripping_status_line(interval),
        dripping_headers(interval),
        dripping_body(interval),
        dripping_chunks(interval),
        dripping_continue(interval),
    )


def floods() -> tuple[Fault, ...]:
    """More than a careful client takes, as fast as it takes it."""
    chunk = b"%x\r\n%s\r\n" % (_BLOCK, b" " * _BLOCK)
    chunked = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    return (
        _flood("endless chunked body", chunked, chunk),
        _flood("endless body until closed", _OK + b"Connection: close\r\n\r\n", b" " * _BLOCK),
        _flood("content-length of 2 GB", _OK + b"Content-Length: 2147483648\r\n\r\n", b" " * _BLOCK, 1 << 15),
        _flood(
            "content-length of hundreds of digits",
            _OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
            chunk,
        ),
        _flood("endless 100 continue", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 512),
        _flood("endless chunk-size line", chunked, b"0" * _BLOCK),
        _flood("endless chunk extension", chunked + b"1;x=", b"x" * _BLOCK),
        _flood("endless trailers", chunked + b"0\r\n", b"X-Trailer: x\r\n" * 512),
        _flood("endless status line", b"HTTP/1.1 200 ", b"O" * _BLOCK),
        _flood("endless header line", _OK + b"X-Long: ", b"x" * _BLOCK),
        _flood("endless headers", _OK, b"X-Header: x\r\n" * 512),
        _flood("endless garbage", b"", b"\x00\xff\x17garbage" * 512),
        gzip_bomb(),
        nested_gzip_bomb(),
        thousands_of_headers(),
        header_of_megabytes(),
    )


def gzip_bomb(mebibytes: int = 1024) -> Fault:
    """One valid gzip stream that holds so many MiB of zeros in a thousandth of it; made while it is read."""

    def play(_: Exchange) -> Iterator[Step]:
        zeros = bytes(_MIB)
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        # After a full flush the packer knows nothing of the past, so one packed block may be sent many times.
        block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
        last = packer.flush()
        yield _OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
        yield b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
        checksum = 0
        for _turn in range(mebibytes):
            checksum = zlib.crc32(zeros, checksum)
            yield block
        yield last + checksum.to_bytes(4, "little") + (mebibytes * _MIB).to_bytes(4, "little")
        yield Ending.CLOSE

    return Fault("gzip bomb", play)


def nested_gzip_bomb() -> Fault:
    """Gzip within gzip: a few kilobytes that hold a gigabyte of zeros."""

    def play(_: Exchange) -> Iterator[Step]:
        inner = gzip.compress(bytes(_MIB), mtime=0) * 1024
        body = gzip.compress(inner, mtime=0)
        yield message(200, body, headers=(("Content-Encoding", "gzip, gzip"),))

    return Fault("nested gzip bomb", play)


def thousands_of_headers() -> Fault:
    headers = b"".join(b"X-Header-%d: x\r\n" % number for number in range(5000))
    return _healthy_behind("thousands of headers", headers)


def header_of_megabytes() -> Fault:
    return _healthy_behind("header of megabytes", b"X-Long: " + b"x" * (3 * _MIB) + b"\r\n")


def malformed_http() -> tuple[Fault, ...]:
    """What no client should take for an answer."""
    chunked = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    return (
        raw("garbage instead of http", b"\x00\x01\x02\xff\xfenot http at all\r\n\r\n\x17"),
        raw("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw("plain text", b"Service Unavailable\n"),
        raw("http/0.9 html", b"<html><body>hello</body></html>"),
        raw("status that is no number", b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n"),
        raw("status 999", b"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\n{}"),
        raw("status 0", b"HTTP/1.1 000 Odd\r\nContent-Length: 2\r\n\r\n{}"),
        raw("http/3.7", b"HTTP/3.7 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        raw("header line without colon", _OK + b"what is this\r\nContent-Length: 2\r\n\r\n{}"),
        raw("content-length that is no number", _OK + b"Content-Length: many\r\n\r\n{}"),
        raw("content-length below zero", _OK + b"Content-Length: -1\r\n\r\n{}"),
        raw("two content-lengths", _OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
        raw("chunk size that is no number", chunked + b"zz\r\n{}\r\n0\r\n\r\n"),
        raw("chunk size below zero", chunked + b"-5\r\n{}\r\n0\r\n\r\n"),
        raw("chunk longer than it says", chunked + b"1\r\n{}\r\n0\r\n\r\n"),
        raw("chunk shorter than it says", chunked + b"ff\r\n{}\r\n0\r\n\r\n"),
        raw("chunks without an end", chunked + b"2\r\n{}\r\n"),
        raw("chunk size of hundreds of digits", chunked + b"f" * 400 + b"\r\n{}"),
    )


def misencoded() -> tuple[Fault, ...]:
    """Bodies that are not in the encoding the headers name."""
    cut = gzip.compress(b"{}" * 500, mtime=0)[:-12]
    return (
        _encoded("unknown content-encoding", b"x-snappy-framed", b"\xff\x06\x00\x00sNaPpY"),
        _encoded("gzip that is not gzip", b"gzip", b'{"connected": true}'),
        _encoded("gzip cut short", b"gzip", cut),
        _encoded("deflate that is not deflate", b"deflate", b'{"connected": true}'),
        _encoded("a hundred content-encodings", b", ".join([b"gzip"] * 100), b"{}"),
    )


def _encoded(name: str, encoding: bytes, body: bytes) -> Fault:
    head = b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
    return raw(name, _OK + head + body, None)


def _whole(name: str, spoil: Callable[[bytes], tuple[Step, ...]]) -> Fault:
    return Fault(name, lambda exchange: iter(spoil(message(200, exchange.body))))


def _flood(name: str, head: bytes, block: bytes, times: int | None = None) -> Fault:
    """``head``, then the block again and again: for ever, or so many times and then close."""

    def play(_: Exchange) -> Iterator[Step]:
        yield head
        yield from itertools.repeat(block) if times is None else itertools.repeat(block, times)
        yield Ending.CLOSE

    return Fault(name, play)


def _healthy_behind(name: str, headers: bytes) -> Fault:
    def play(exchange: Exchange) -> Iterator[Step]:
        status, _, rest = message(200, exchange.body).partition(b"\r\n")
        yield status + b"\r\n" + headers + rest

    return Fault(name, play)


def _drip(data: bytes, interval: float) -> Iterator[Step]:
    for byte in data:
        yield bytes((byte,))
        yield Pause(interval)
