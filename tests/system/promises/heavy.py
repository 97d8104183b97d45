"""Replies that are right, or nearly, and as costly to take as the size limit lets them be."""

import gzip
import json
from collections.abc import Callable
from typing import Final

from exporter.demo.faults import Exchange, Fault, message
from exporter.model.me_fields import WEBHOOK_FIELDS

ROOM: Final = 1024 * 1024 - 8192
"""Bytes that a reply may hold beside its usual fields."""

_WIDE: Final = "\N{PARTY POPPER}"  # one such character makes all others of its text take four bytes


def heavy_replies() -> tuple[Fault, ...]:
    """Each just below the largest body that is taken."""
    return (
        _with("a field of wide text", "something", json.dumps(_WIDE + "x" * ROOM)),
        _with("a name of wide text", "name", json.dumps(_WIDE + "x" * ROOM)),
        _with("a status of wide text", "paymentStatus", json.dumps(_WIDE + "x" * ROOM)),
        _with("a field of escapes", "something", '"' + "\\ud83c\\udf89" * (ROOM // 12) + '"'),
        _with("empty objects", "something", "[" + "{}," * (ROOM // 3) + "0]"),
        _with("small objects", "something", "[" + '{"":0},' * (ROOM // 7) + "0]"),
        _with("numbers", "something", "[" + "1.5," * (ROOM // 4) + "0]"),
        _with("a number of many digits", "something", "9" * 4000),
        _with("spaces", "something", " " * ROOM + "0"),
        _webhooks("endless webhooks", ROOM // len(WEBHOOK_FIELDS)),
        _webhooks("webhooks of the longest URL", 2048),
        _gzipped("gzip of the largest body"),
    )


def _with(name: str, field: str, literal: str) -> Fault:
    """The healthy reply with one more field, given as JSON text."""

    def change(body: bytes) -> bytes:
        fields = {key: value for key, value in json.loads(body).items() if key != field}
        return json.dumps(fields)[:-1].encode() + f", {json.dumps(field)}: {literal}}}".encode()

    return _body(name, change)


def _webhooks(name: str, length: int) -> Fault:
    def change(body: bytes) -> bytes:
        urls = {field: f"https://{field}/".ljust(length, "x") for field in WEBHOOK_FIELDS.values()}
        return json.dumps(json.loads(body) | urls).encode()

    return _body(name, change)


def _gzipped(name: str) -> Fault:
    def play(exchange: Exchange) -> bytes:
        body = exchange.body[:-1] + b" " * ROOM + b"}"
        return message(200, gzip.compress(body, 1, mtime=0), headers=(("Content-Encoding", "gzip"),))

    return Fault(name, lambda exchange: iter((play(exchange),)))


def _body(name: str, change: Callable[[bytes], bytes]) -> Fault:
    return Fault(name, lambda exchange: iter((message(200, change(exchange.body)),)))
