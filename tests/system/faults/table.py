"""Every fault of the simulated Z-API's catalogue → the one thing the exporter may make of it.

The reasons are the contract's; a fault without a row fails the suite.
"""

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from exporter.demo.instances import DOCUMENTED_WEBHOOKS
from exporter.model.me_fields import (
    FILTERS_FIELD,
    SETTING_FIELDS,
    UNDOCUMENTED_WEBHOOKS,
    WEBHOOK_FIELDS,
    WEBHOOK_FILTERS,
)
from exporter.model.poll_result import Reason
from simulator.faults import every_fault
from tests.system.faults.promise import Promise

API_TIMEOUT: Final = 4.0
"""``api.timeout`` in seconds where a row ends by it: ``late by 5 s`` is too late."""

AMPLE_TIMEOUT: Final = 30.0
"""``api.timeout`` of all other rows: a busy machine ends none of them by it."""

_FAILURES: Final[Mapping[Reason, tuple[str, ...]]] = {
    Reason.CONNECT: ("reset before the reply", "reset within *", "closed before the reply"),
    Reason.TIMEOUT: ("silence*", "dripping *", "late by 5 s"),
    Reason.UNAUTHORIZED: ("??? client-token *", "??? null not allowed", "401 with a body"),
    Reason.NOT_FOUND: ("??? instance not found*", "404 json of a gateway"),
    Reason.SUBSCRIPTION_ENDED: ("??? subscribe again*",),
    Reason.IP_NOT_ALLOWED: ("??? address not allowed*", "401 ipv6 address not allowed"),
    Reason.FORBIDDEN: ("40[13] html", "40[13] empty", "403 challenge", "403 json of a firewall"),
    Reason.RATE_LIMITED: ("429*",),
    Reason.REDIRECTED: (
        *("??? redirect on the same host", "redirect to another host", "redirect loop", "300 with a body"),
        *("redirect without location", "redirect that repeats the request"),
    ),
    Reason.SERVER_ERROR: ("5?? html", "503 retry-after *", "501 with a body", "500 that repeats the request"),
    Reason.BAD_STATUS: (
        *("4?? with a body", "400 not connected", "404 html", "405 method not allowed", "408 html"),
        *("415 unsupported media type", "304 not modified", "status 999"),
    ),
    Reason.TOO_LARGE: (
        *("endless *", "content-length of *", "gzip bomb", "thousands of headers", "header of megabytes"),
        "body of 2 MiB",
    ),
    Reason.INVALID_RESPONSE: (
        *(
            "[!0-9]* that repeats the request",
            "another protocol",
            "plain text",
            "http/*",
            "garbage instead of http",
        ),
        *("endless garbage", "closed within the headers", "header line without colon"),
        *("status that is no number", "status 0", "nested gzip bomb", "short body"),
        *("two *content-lengths", "a list of content-lengths", "content-length and chunks"),
        *("content-length that is no number", "content-length below zero", "content-length with a sign"),
        *("chunk size *", "chunk * than it says", "chunk* without *", "transfer-encoding gzip, chunked"),
        *("content-encoding *", "unknown content-encoding", "a hundred content-encodings", "* that is not *"),
        *("gzip cut short", "a second reply behind a 204", "204", "20? with a body"),
        *("200 some other error", "200 error that is no text", "200 value false", "html *", "json *"),
        *("empty body", "body of spaces", "body not utf-8", "body in utf-16", "byte 0 in the body"),
        *("two json documents", "deeply nested *", "tens of thousands of fields"),
        *("* comes twice", "* beside healthy values"),
    ),
    Reason.WRONG_INSTANCE: ("one reply behind", "id is another instance's", "id is text"),
}
"""Reason → names, or patterns of :mod:`fnmatch` that stand for those that no other row names."""

_SUCCESSES: Final = (
    *(
        "closed when idle",
        "* on the next request",
        "lone surrogate",
        "gzipped",
        "chunked",
        "gzip of several members",
    ),
    *("* first", "103 and the reply 0.4 s later", "* behind the reply", "a second reply behind *"),
    *("byte order mark", "spaces around the json", "connected is a boolean as text in capitals"),
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


_MUTED: Final = frozenset(
    f'zapi_instance_webhook_muted{{webhook="{webhook}"}}' for webhook in WEBHOOK_FILTERS.values()
)
_PAID: Final = frozenset({"zapi_instance_paid"})
_STATUSES: Final = frozenset(
    f'zapi_instance_payment_status{{status="{status}"}}' for status in ("paid", "text", "unknown")
)
_DUE: Final = frozenset({"zapi_instance_due_timestamp_seconds", "zapi_instance_until_due_seconds"})
_CREATED: Final = frozenset({"zapi_instance_created_timestamp_seconds"})
_NEVER_CONNECTED: Final = frozenset({"zapi_instance_last_connected_timestamp_seconds"})


def _settings_series(*settings: str) -> frozenset[str]:
    return frozenset(f'zapi_instance_setting_enabled{{setting="{setting}"}}' for setting in settings)


def _webhook_series(*webhooks: str) -> frozenset[str]:
    names = ("zapi_instance_webhook_configured", "zapi_instance_webhook_as_expected")
    return frozenset(f'{name}{{webhook="{webhook}"}}' for name in names for webhook in webhooks)


def promises() -> Mapping[str, Promise]:
    """Name of a fault → what is promised of it."""
    rows = dict(_rows())
    return MappingProxyType({name: _promise_of(name, rows) for name in every_fault()})


def unused() -> Collection[str]:
    """The rows that are of no fault."""
    return [row for row in dict(_rows()) if not any(fnmatchcase(name, row) for name in every_fault())]


def _promise_of(name: str, rows: Mapping[str, Promise]) -> Promise:
    if name in rows:
        return rows[name]
    (promise,) = {promise for pattern, promise in rows.items() if fnmatchcase(name, pattern)}
    return promise


def _rows() -> Iterator[tuple[str, Promise]]:
    for reason, names in _FAILURES.items():
        yield from ((name, Promise(reason)) for name in names)
    yield from ((name, Promise()) for name in _SUCCESSES)
    yield from _states()
    yield from _secrets()
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
    yield "connected is true", Promise()
    yield "connected is false", Promise(absent=_NEVER_CONNECTED)
    for kind in (*_NUMBERS, "text", *_STRUCTURES, *_NOTHING):
        yield f"connected is {kind}", Promise(Reason.INVALID_RESPONSE)
    for kind in (*_HOSTILE_NUMBERS, *_NOT_JSON):
        yield f"connected is {kind}", Promise(Reason.INVALID_RESPONSE)


def _timestamps() -> Iterator[tuple[str, Promise]]:
    for field, absent in (("due", _DUE), ("created", _CREATED)):
        for kind in (*_KINDS, *_HOSTILE_NUMBERS):
            yield f"{field} is {kind}", Promise(absent=frozenset() if kind == "number" else absent)
        yield from ((f"{field} is {kind}", Promise(Reason.INVALID_RESPONSE)) for kind in _NOT_JSON)


def _payment_status() -> Iterator[tuple[str, Promise]]:
    """Missing or empty is ``unknown``, and like a text in no list neither paid nor unpaid; only text is read."""
    for kind in _KINDS:
        readable = kind in (*_NOTHING, "text")
        yield f"paymentStatus is {kind}", Promise(absent=_PAID if readable else _PAID | _STATUSES)


def _settings() -> Iterator[tuple[str, Promise]]:
    for setting, field in SETTING_FIELDS.items():
        absent = _settings_series(setting)
        for kind in _KINDS:
            yield f"{field} is {kind}", Promise(absent=frozenset() if kind in _TRUTHS else absent)


def _webhooks() -> Iterator[tuple[str, Promise]]:
    """A webhook that is not documented has no series unless its field comes."""
    for webhook, field in WEBHOOK_FIELDS.items():
        for kind in _KINDS:
            readable = kind in (*_NOTHING, "text")
            if webhook in UNDOCUMENTED_WEBHOOKS:
                shown = {f'zapi_instance_webhook_configured{{webhook="{webhook}"}}'}
                present = frozenset(shown if readable and kind != "absent" else ())
                yield f"{field} is {kind}", Promise(present=present)
            else:
                yield (
                    f"{field} is {kind}",
                    Promise(absent=frozenset() if readable else _webhook_series(webhook)),
                )


def _filters() -> Iterator[tuple[str, Promise]]:
    """Only a list of text says what is muted; a name in it that is not known takes nothing from the others."""
    for kind in (*_KINDS, "one filter", "an unknown filter", "a list of mixed types"):
        readable = kind in ("array", "one filter", "an unknown filter")
        yield f"{FILTERS_FIELD} is {kind}", Promise(present=_MUTED if readable else frozenset())


def _states() -> Iterator[tuple[str, Promise]]:
    """Replies of nothing but a state have no value for anything else."""
    webhooks, settings = _webhook_series(*DOCUMENTED_WEBHOOKS), _settings_series(*SETTING_FIELDS)
    absent = frozenset({"zapi_instance_webhooks_info"}) | _DUE | _CREATED | _PAID | settings | webhooks
    yield "200 already connected", Promise(absent=absent)
    for name in ("200 not connected", "200 restore the session"):
        yield name, Promise(absent=absent | _NEVER_CONNECTED)


def _secrets() -> Iterator[tuple[str, Promise]]:
    """A field that repeats a secret is not shown."""
    unreadable = {
        "name": frozenset[str](),
        "phone": frozenset[str](),
        "paymentStatus": _PAID | _STATUSES,
        "receivedCallbackUrl": _webhook_series("received"),
    }
    for secret in ("token", "client-token"):
        for field, absent in unreadable.items():
            for form in ("", " in lower case", " percent-encoded"):
                yield f"{field} repeats the {secret}{form}", Promise(absent=absent)
        yield f"callbackTypeFilters repeats the {secret}", Promise(present=_MUTED)
