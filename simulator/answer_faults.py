"""Faults of the application: a well-formed HTTP reply that says something wrong, or says it strangely."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import formatdate
from types import MappingProxyType
from typing import Final

from exporter.demo.faults import (
    HTML,
    TOO_MANY,
    Exchange,
    Fault,
    answer,
    html_error,
    message,
    one_reply,
    rate_limited,
)
from exporter.model.me_fields import FILTERS_FIELD, SETTING_FIELDS, WEBHOOK_FIELDS
from simulator.steps import Pause, Step

_DAY: Final = 86400.0

ME_FIELDS: Final = (
    "id",
    "token",
    "name",
    "due",
    "connected",
    "paymentStatus",
    "created",
    "callRejectMessage",
    FILTERS_FIELD,
    *SETTING_FIELDS.values(),
    *WEBHOOK_FIELDS.values(),
)
"""Every field of ``/me`` that is known of."""

LITERALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "null": "null",
        "true": "true",
        "false": "false",
        "zero": "0",
        "number": "12.5",
        "negative": "-1",
        "text": '"text"',
        "empty text": '""',
        "array": "[]",
        "nested array": '[["text", {"a": 1}]]',
        "object": "{}",
    }
)
"""A name for a JSON value of every type → its text: for a field of any type, most of them are wrong."""


def error_rows() -> tuple[Fault, ...]:
    """Every failure the real API is known to answer with, each with the status and the body it uses."""
    not_found = b'{"error":"Instance not found"}'
    no_client_token = b'{"error":"your client-token is not configured"}'
    return (
        answer("400 client-token not configured", 400, no_client_token),
        client_token_not_allowed(403),
        answer("403 null not allowed", 403, b'{"error":"null not allowed"}'),
        answer("404 instance not found", 404, not_found),
        answer("400 instance not found", 400, not_found),
        answer("405 method not allowed", 405, b'{"error":"Method Not Allowed"}'),
        answer("415 unsupported media type", 415, b'{"error":"Unsupported Media Type"}'),
        answer("200 instance not found", 200, not_found),
        answer("200 client-token not configured", 200, no_client_token),
        client_token_not_allowed(200),
        answer("200 null not allowed", 200, b'{"error":"null not allowed"}'),
        answer("200 some other error", 200, b'{"error":"Something went wrong"}'),
        answer("200 error that is no text", 200, b'{"error":{"code":17}}'),
        answer("200 value false", 200, b'{"value": false}'),
        rate_limited(None),
        *(html_error(status) for status in (500, 502, 503, 504)),
    )


def client_token_not_allowed(status: int) -> Fault:
    """The refusal that repeats the Client-Token it was sent."""

    def reply(exchange: Exchange) -> bytes:
        text = json.dumps({"error": f"Client-Token {exchange.client_token} not allowed"})
        return message(status, text.encode())

    return one_reply(f"{status} client-token not allowed", reply)


def rate_limited_until(name: str, seconds: float) -> Fault:
    """429 with a ``Retry-After`` date this many seconds from now, negative for the past."""

    def reply(exchange: Exchange) -> bytes:
        date = formatdate(exchange.now + seconds, usegmt=True)
        return message(429, TOO_MANY, headers=(("Retry-After", date),))

    return one_reply(f"429 retry-after {name}", reply)


def rate_limits() -> tuple[Fault, ...]:
    """429 with every kind of ``Retry-After``; the one without is a row of the errors."""
    return (
        *(
            rate_limited(text)
            for text in ("0", "7", "86400", "-5", "1.5", "soon", "Wed, 99 Foo 2015 07:28:00 GMT")
        ),
        rate_limited("", "429 retry-after empty"),
        rate_limited("9" * 400, "429 retry-after of hundreds of digits"),
        rate_limited_until("a past date", -_DAY),
        rate_limited_until("a date a minute ahead", 60.0),
        rate_limited_until("a date a day ahead", _DAY),
    )


def unavailable() -> tuple[Fault, ...]:
    """503 that says when to come back."""

    def until(exchange: Exchange) -> bytes:
        date = formatdate(exchange.now + 60.0, usegmt=True)
        return message(503, b"", headers=(("Retry-After", date),))

    return (
        answer("503 retry-after 120", 503, b"", headers=(("Retry-After", "120"),)),
        one_reply("503 retry-after a date a minute ahead", until),
    )


def odd_statuses() -> tuple[Fault, ...]:
    statuses = (201, 202, 203, 206, 401, 402, 409, 410, 418, 451, 501)
    return tuple(answer(f"{status} with a body", status, b'{"message":"odd"}') for status in statuses)


def redirect(name: str, location: str, status: int = 302) -> Fault:
    """To a place outside of this server, or to a fixed path of it."""
    return answer(name, status, b"", headers=(("Location", location),))


def redirects(elsewhere: str) -> tuple[Fault, ...]:
    """Within the host, out of it with the request's path (the token in it), and in a loop.

    ``elsewhere`` is the base URL of another host.
    """

    def away(exchange: Exchange) -> bytes:
        return message(307, b"", headers=(("Location", elsewhere + exchange.path),))

    def loop(exchange: Exchange) -> bytes:
        return message(302, b"", headers=(("Location", exchange.path),))

    return (
        *(redirect(f"{s} redirect on the same host", "/login", s) for s in (301, 302, 303, 307, 308)),
        one_reply("redirect to another host", away),
        one_reply("redirect loop", loop),
        answer("redirect without location", 302, b""),
        answer("304 not modified", 304, b""),
    )


def me_with(field: str, literal: str, kind: str) -> Fault:
    """The healthy answer with one field's value replaced, or added, by the text ``literal``.

    ``kind`` says in words what the value is, for the fault's name.
    """
    return _body(f"{field} is {kind}", lambda body: _replaced(body, field, literal))


def me_without(field: str) -> Fault:
    return _body(f"{field} is absent", lambda body: _object(f for f in _fields(body) if f[0] != field))


def me_with_second(field: str, literal: str) -> Fault:
    """The healthy answer that has this field once more at its end."""
    return _body(f"{field} comes twice", lambda body: _object((*_fields(body), (field, literal))))


def values_of_every_type() -> tuple[Fault, ...]:
    """Each field as each JSON type, the right one among them, and absent."""
    typed = (me_with(field, text, kind) for field in ME_FIELDS for kind, text in LITERALS.items())
    return (*typed, *(me_without(field) for field in ME_FIELDS))


def hostile_numbers() -> tuple[Fault, ...]:
    literals = {
        "NaN": "NaN",
        "Infinity": "Infinity",
        "minus Infinity": "-Infinity",
        "a number of hundreds of digits": "9" * 700,
        "a number of thousands of digits": "9" * 5000,
        "a number beyond all doubles": "1e999",
        "text of hundreds of digits": '"' + "9" * 700 + '"',
        "text of NaN": '"NaN"',
    }
    fields = ("due", "created", "connected")
    return tuple(me_with(field, text, kind) for field in fields for kind, text in literals.items())


def odd_bodies() -> tuple[Fault, ...]:
    """A 200, or nearly, whose body is not the JSON object it should be."""
    return (
        answer("html with 200", 200, HTML % (200, 200), content_type="text/html"),
        answer("html that says it is json", 200, HTML % (200, 200)),
        answer("empty body", 200, b""),
        answer("204", 204, b""),
        answer("body of spaces", 200, b" \r\n\t "),
        answer("json cut short", 200, b'{"id": "3C67", "connected": tr'),
        *(answer(f"json {kind}", 200, text.encode()) for kind, text in LITERALS.items()),
        _body("two json documents", lambda body: body + body),
        _body("body not utf-8", lambda body: _replaced(body, "name", '"caf@"').replace(b"caf@", b"caf\xe9")),
        _body("body in utf-16", lambda body: body.decode().encode("utf-16")),
        _body("byte 0 in the body", lambda body: _replaced(body, "name", '"a@b"').replace(b"a@b", b"a\0b")),
        _body("lone surrogate", lambda body: _replaced(body, "name", '"\\ud800"')),
        _body("deeply nested field", lambda body: _replaced(body, "deep", "[" * 200_000 + "]" * 200_000)),
        answer("deeply nested body", 200, b"[" * 500_000),
        answer("deeply nested objects", 200, b'{"a":' * 150_000),
        _body("tens of thousands of fields", lambda body: _object((*_fields(body), *_padding(60_000)))),
        _body("body of 2 MiB", lambda body: _replaced(body, "name", '"' + "n" * (2 << 20) + '"')),
        me_with_second("connected", "false"),
        me_with_second("id", '"F00D"'),
        me_with("id", '"F00D"', "another instance's"),
        me_with("error", '"Something went wrong"', "there beside healthy values"),
        me_with("value", "false", "false beside healthy values"),
    )


def strange_but_right() -> tuple[Fault, ...]:
    """Answers in an unusual form that still are the healthy ``/me``."""

    def gzipped(exchange: Exchange) -> bytes:
        return message(200, gzip.compress(exchange.body, mtime=0), headers=(("Content-Encoding", "gzip"),))

    def chunked(exchange: Exchange) -> bytes:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunks = (exchange.body[i : i + 7] for i in range(0, len(exchange.body), 7))
        return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"

    def continued(exchange: Exchange) -> bytes:
        return b"HTTP/1.1 100 Continue\r\n\r\n" + message(200, exchange.body)

    return (
        one_reply("gzipped", gzipped),
        one_reply("chunked", chunked),
        one_reply("one 100 continue first", continued),
        _body("byte order mark", lambda body: b"\xef\xbb\xbf" + body),
        _body("spaces around the json", lambda body: b"\r\n  " + body + b"\n"),
        me_with(FILTERS_FIELD, '["FILTER_RECEIVED_CALLBACK"]', "one filter"),
        me_with(FILTERS_FIELD, '["FILTER_OF_TOMORROW"]', "an unknown filter"),
        me_with(FILTERS_FIELD, '["FILTER_RECEIVED_CALLBACK", 7]', "a list of mixed types"),
        me_with("connected", '" TRUE "', "a boolean as text in capitals"),
        me_with("somethingNew", '{"a": [1, 2, {"b": null}]}', "an unknown field"),
    )


def late(seconds: float) -> Fault:
    """The healthy answer after this many seconds."""

    def play(exchange: Exchange) -> Iterator[Step]:
        yield Pause(seconds)
        yield message(200, exchange.body)

    return Fault(f"late by {seconds:g} s", play)


def _body(name: str, change: Callable[[bytes], bytes]) -> Fault:
    """200 with the healthy body, changed."""
    return one_reply(name, lambda exchange: message(200, change(exchange.body)))


def _fields(body: bytes) -> tuple[tuple[str, str], ...]:
    """The fields of a JSON object, each value as JSON text."""
    return tuple((name, json.dumps(value)) for name, value in json.loads(body).items())


def _object(fields: Iterable[tuple[str, str]]) -> bytes:
    return ("{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in fields) + "}").encode()


def _replaced(body: bytes, field: str, literal: str) -> bytes:
    return _object((dict(_fields(body)) | {field: literal}).items())


def _padding(count: int) -> Iterator[tuple[str, str]]:
    return ((f"k{number}", "0") for number in range(count))
