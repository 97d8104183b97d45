"""Every fault of the simulated Z-API's catalogue → the one thing the exporter may make of it.

The reasons are the contract's; a fault without a row fails the suite.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from exporter.model.me_fields import (
    FILTERS_FIELD,
    SETTING_FIELDS,
    UNDOCUMENTED_WEBHOOKS,
    WEBHOOK_FIELDS,
    WEBHOOK_FILTERS,
)
from exporter.model.poll_result import Reason
from tests.system.faults.promise import Promise
from tests.system.faults.words import WORDS

API_TIMEOUT: Final = 4.0
"""``api.timeout`` in seconds where a row ends by it: ``late by 5 s`` is too late."""

AMPLE_TIMEOUT: Final = 30.0
"""``api.timeout`` of all other rows: a busy machine ends none of them by it."""

_FAILURES: Final[Mapping[Reason, tuple[str, ...]]] = {
    Reason.CONNECT: (
        "reset before the reply",
        "reset within the headers",
        "reset within the body",
        "closed before the reply",
    ),
    Reason.TIMEOUT: (
        "silence",
        "silence after the headers",
        "silence within the body",
        "dripping status line",
        "dripping headers",
        "dripping body",
        "dripping chunks",
        "dripping 100 continue",
        "late by 5 s",
    ),
    Reason.UNAUTHORIZED: (
        "400 client-token not configured",
        "403 client-token not allowed",
        "403 null not allowed",
        "200 client-token not configured",
        "200 client-token not allowed",
        "200 null not allowed",
        "401 with a body",
    ),
    Reason.NOT_FOUND: ("404 instance not found", "400 instance not found", "200 instance not found"),
    Reason.RATE_LIMITED: (
        "429 that repeats the request",
        "429",
        "429 retry-after 0",
        "429 retry-after 7",
        "429 retry-after 86400",
        "429 retry-after -5",
        "429 retry-after 1.5",
        "429 retry-after soon",
        "429 retry-after Wed, 99 Foo 2015 07:28:00 GMT",
        "429 retry-after empty",
        "429 retry-after of hundreds of digits",
        "429 retry-after a past date",
        "429 retry-after a date a minute ahead",
        "429 retry-after a date a day ahead",
    ),
    Reason.REDIRECTED: (
        "redirect that repeats the request",
        "301 redirect on the same host",
        "302 redirect on the same host",
        "303 redirect on the same host",
        "307 redirect on the same host",
        "308 redirect on the same host",
        "redirect to another host",
        "redirect loop",
        "redirect without location",
    ),
    Reason.SERVER_ERROR: (
        "500 that repeats the request",
        "500 html",
        "502 html",
        "503 html",
        "504 html",
        "501 with a body",
        "503 retry-after 120",
        "503 retry-after a date a minute ahead",
    ),
    Reason.BAD_STATUS: (
        "405 method not allowed",
        "415 unsupported media type",
        "402 with a body",
        "409 with a body",
        "410 with a body",
        "418 with a body",
        "451 with a body",
        "304 not modified",
        "status 999",
    ),
    Reason.TOO_LARGE: (
        "endless chunked body",
        "endless body until closed",
        "content-length of 2 GB",
        "content-length of hundreds of digits",
        "endless 100 continue",
        "endless chunk-size line",
        "endless chunk extension",
        "endless trailers",
        "endless status line",
        "endless header line",
        "endless headers",
        "gzip bomb",
        "thousands of headers",
        "header of megabytes",
        "body of 2 MiB",
    ),
    Reason.INVALID_RESPONSE: (
        "garbage that repeats the request",
        "status line that repeats the request",
        "version that repeats the request",
        "header line that repeats the request",
        "content-length that repeats the request",
        "content-encoding that repeats the request",
        "chunk size that repeats the request",
        "json that repeats the request",
        "error that repeats the request",
        "closed within the headers",
        "short body",
        "nested gzip bomb",
        "garbage instead of http",
        "endless garbage",
        "another protocol",
        "plain text",
        "http/0.9 html",
        "status that is no number",
        "status 0",
        "http/3.7",
        "header line without colon",
        "content-length that is no number",
        "content-length below zero",
        "two content-lengths",
        "chunk size that is no number",
        "chunk size below zero",
        "chunk longer than it says",
        "chunk shorter than it says",
        "chunks without an end",
        "two equal content-lengths",
        "a list of content-lengths",
        "content-length with a sign",
        "content-length and chunks",
        "transfer-encoding gzip, chunked",
        "chunk size with '+'",
        "chunk size with '0_'",
        "chunk size with '0x'",
        "chunk size with ' '",
        "chunk without its line end",
        "content-encoding br",
        "content-encoding zstd",
        "a second reply behind a 204",
        "chunk size of hundreds of digits",
        "unknown content-encoding",
        "gzip that is not gzip",
        "gzip cut short",
        "deflate that is not deflate",
        "a hundred content-encodings",
        "200 some other error",
        "200 error that is no text",
        "200 value false",
        "201 with a body",
        "202 with a body",
        "203 with a body",
        "206 with a body",
        "html with 200",
        "html that says it is json",
        "empty body",
        "204",
        "body of spaces",
        "json cut short",
        "json null",
        "json true",
        "json false",
        "json zero",
        "json number",
        "json negative",
        "json text",
        "json empty text",
        "json array",
        "json nested array",
        "json object",
        "two json documents",
        "body not utf-8",
        "body in utf-16",
        "byte 0 in the body",
        "deeply nested field",
        "deeply nested body",
        "deeply nested objects",
        "tens of thousands of fields",
        "connected comes twice",
        "id comes twice",
        "error is there beside healthy values",
        "value is false beside healthy values",
    ),
    Reason.WRONG_INSTANCE: ("one reply behind", "id is another instance's", "id is text"),
}

_SUCCESSES: Final = (
    "closed when idle",
    "closed on the next request",
    "reset on the next request",
    "408 on the next request",
    "421 on the next request",
    "lone surrogate",
    "gzipped",
    "chunked",
    "one 100 continue first",
    "102 first",
    "103 first",
    "several interim replies first",
    "103 and the reply 0.4 s later",
    "a second reply behind the first",
    "a blank line behind the reply",
    "garbage behind the reply",
    "a second reply behind 8,192 bytes",
    "a second reply behind chunks",
    "gzip of several members",
    "byte order mark",
    "spaces around the json",
    "connected is a boolean as text in capitals",
    "somethingNew is an unknown field",
)

_TRUTHS: Final = ("true", "false")
_NUMBERS: Final = ("zero", "number", "negative")
_STRUCTURES: Final = ("array", "nested array", "object")
_NOTHING: Final = ("null", "empty text", "absent")
_KINDS: Final = (*_TRUTHS, *_NUMBERS, "text", *_STRUCTURES, *_NOTHING)
_HOSTILE_NUMBERS: Final = (
    "a number of hundreds of digits",
    "a number of thousands of digits",
    "a number beyond all doubles",
    "text of hundreds of digits",
    "text of NaN",
)
_NOT_JSON: Final = ("NaN", "Infinity", "minus Infinity")


def promises() -> Mapping[str, Promise]:
    """Name of a fault → what is promised of it."""
    rows = dict(_rows())
    return MappingProxyType(rows)


def _rows() -> Iterator[tuple[str, Promise]]:
    for reason, names in _FAILURES.items():
        yield from ((name, Promise(reason)) for name in names)
    yield from ((name, Promise()) for name in _SUCCESSES)
    yield from WORDS.items()
    yield from _identity()
    yield from _connected()
    yield from _timestamps()
    yield from _payment_status()
    yield from _settings()
    yield from _webhooks()
    yield from _filters()


def _identity() -> Iterator[tuple[str, Promise]]:
    """An id must be the instance's own, if there is one; the rest is not exported at all."""
    for kind in _KINDS:
        if kind != "text":
            yield f"id is {kind}", Promise(None if kind in _NOTHING else Reason.INVALID_RESPONSE)
    for field in ("token", "name", "callRejectMessage"):
        yield from ((f"{field} is {kind}", Promise()) for kind in _KINDS)


def _connected() -> Iterator[tuple[str, Promise]]:
    never = frozenset({"zapi_instance_last_connected_timestamp_seconds"})
    yield "connected is true", Promise()
    yield "connected is false", Promise(absent=never)
    for kind in (*_NUMBERS, "text", *_STRUCTURES, *_NOTHING):
        yield f"connected is {kind}", Promise(Reason.INVALID_RESPONSE)
    for kind in (*_HOSTILE_NUMBERS, *_NOT_JSON):
        yield f"connected is {kind}", Promise(Reason.INVALID_RESPONSE)


def _timestamps() -> Iterator[tuple[str, Promise]]:
    series = {
        "due": frozenset({"zapi_instance_due_timestamp_seconds", "zapi_instance_until_due_seconds"}),
        "created": frozenset({"zapi_instance_created_timestamp_seconds"}),
    }
    for field, absent in series.items():
        for kind in (*_KINDS, *_HOSTILE_NUMBERS):
            yield f"{field} is {kind}", Promise(absent=frozenset() if kind == "number" else absent)
        yield from ((f"{field} is {kind}", Promise(Reason.INVALID_RESPONSE)) for kind in _NOT_JSON)


def _payment_status() -> Iterator[tuple[str, Promise]]:
    """Missing or empty is ``unknown``, and like a text in no list neither paid nor unpaid; only text is read."""
    paid = frozenset({"zapi_instance_paid"})
    statuses = frozenset(f'zapi_instance_payment_status{{status="{s}"}}' for s in ("paid", "text", "unknown"))
    for kind in _KINDS:
        readable = kind in (*_NOTHING, "text")
        yield f"paymentStatus is {kind}", Promise(absent=paid if readable else paid | statuses)


def _settings() -> Iterator[tuple[str, Promise]]:
    for setting, field in SETTING_FIELDS.items():
        absent = frozenset({f'zapi_instance_setting_enabled{{setting="{setting}"}}'})
        for kind in _KINDS:
            yield f"{field} is {kind}", Promise(absent=frozenset() if kind in _TRUTHS else absent)


def _webhooks() -> Iterator[tuple[str, Promise]]:
    """A webhook that is not documented has no series unless its field comes."""
    for webhook, field in WEBHOOK_FIELDS.items():
        configured = frozenset({f'zapi_instance_webhook_configured{{webhook="{webhook}"}}'})
        expected = frozenset({f'zapi_instance_webhook_as_expected{{webhook="{webhook}"}}'})
        undocumented = webhook in UNDOCUMENTED_WEBHOOKS
        for kind in _KINDS:
            readable = kind in (*_NOTHING, "text")
            if undocumented:
                shown = readable and kind != "absent"
                yield f"{field} is {kind}", Promise(present=configured if shown else frozenset())
            else:
                yield f"{field} is {kind}", Promise(absent=frozenset() if readable else configured | expected)


def _filters() -> Iterator[tuple[str, Promise]]:
    """Only a list of text says what is muted; a name in it that is not known takes nothing from the others."""
    muted = frozenset(
        f'zapi_instance_webhook_muted{{webhook="{webhook}"}}' for webhook in WEBHOOK_FILTERS.values()
    )
    for kind in (*_KINDS, "one filter", "an unknown filter", "a list of mixed types"):
        readable = kind in ("array", "one filter", "an unknown filter")
        yield f"{FILTERS_FIELD} is {kind}", Promise(present=muted if readable else frozenset())
