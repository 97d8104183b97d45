"""Faults that are told apart by whose words they are, and fields that repeat a secret → what is promised of each."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from exporter.demo.instances import DOCUMENTED_WEBHOOKS
from exporter.model.me_fields import SETTING_FIELDS, WEBHOOK_FILTERS
from exporter.model.poll_result import Reason
from tests.system.faults.promise import Promise

_FAILURES: Final[Mapping[Reason, tuple[str, ...]]] = {
    Reason.UNAUTHORIZED: (
        "403 client-token null not allowed",
        "500 client-token not allowed oddly spaced",
    ),
    Reason.NOT_FOUND: (
        "500 instance not found",
        "404 instance not found in capitals",
        "404 json of a gateway",
    ),
    Reason.SUBSCRIPTION_ENDED: (
        "400 subscribe again",
        "200 subscribe again with a full stop",
        "503 subscribe again in capitals",
    ),
    Reason.IP_NOT_ALLOWED: (
        "403 address not allowed",
        "200 address not allowed with a full stop",
        "401 ipv6 address not allowed",
    ),
    Reason.FORBIDDEN: (
        "401 html",
        "401 empty",
        "403 html",
        "403 empty",
        "403 challenge",
        "403 json of a firewall",
    ),
    Reason.BAD_STATUS: (
        "400 not connected",
        "404 html",
        "408 html",
        "408 with a body",
        "421 with a body",
        "425 with a body",
    ),
    Reason.REDIRECTED: ("300 with a body",),
    Reason.SERVER_ERROR: ("511 html", *(f"{status} html" for status in range(520, 531))),
}
_STATES: Final = ("200 not connected", "200 already connected", "200 restore the session")
_FORMS: Final = ("", " in lower case", " percent-encoded")


def _rows() -> Iterator[tuple[str, Promise]]:
    for reason, names in _FAILURES.items():
        yield from ((name, Promise(reason)) for name in names)
    for name in _STATES:
        never = () if name == "200 already connected" else ("zapi_instance_last_connected_timestamp_seconds",)
        yield name, Promise(absent=frozenset({*_all_but_the_connection(), *never}))
    for secret in ("token", "client-token"):
        for field, absent in _UNREADABLE.items():
            yield from ((f"{field} repeats the {secret}{form}", Promise(absent=absent)) for form in _FORMS)
        yield f"callbackTypeFilters repeats the {secret}", Promise(present=_MUTED)


def _all_but_the_connection() -> Iterator[str]:
    """The series that a reply of nothing but a state has no value for."""
    yield from ("zapi_instance_due_timestamp_seconds", "zapi_instance_until_due_seconds")
    yield from (
        "zapi_instance_created_timestamp_seconds",
        "zapi_instance_paid",
        "zapi_instance_webhooks_info",
    )
    yield from (f'zapi_instance_setting_enabled{{setting="{setting}"}}' for setting in SETTING_FIELDS)
    for webhook in DOCUMENTED_WEBHOOKS:
        yield f'zapi_instance_webhook_configured{{webhook="{webhook}"}}'
        yield f'zapi_instance_webhook_as_expected{{webhook="{webhook}"}}'


_MUTED: Final = frozenset(
    f'zapi_instance_webhook_muted{{webhook="{webhook}"}}' for webhook in WEBHOOK_FILTERS.values()
)
_UNREADABLE: Final[Mapping[str, frozenset[str]]] = {
    "name": frozenset(),
    "phone": frozenset(),
    "paymentStatus": frozenset(
        {
            "zapi_instance_paid",
            *(f'zapi_instance_payment_status{{status="{s}"}}' for s in ("paid", "text", "unknown")),
        }
    ),
    "receivedCallbackUrl": frozenset(
        {
            'zapi_instance_webhook_configured{webhook="received"}',
            'zapi_instance_webhook_as_expected{webhook="received"}',
        }
    ),
}
"""A field that repeats a secret → the series that then must be absent."""

WORDS: Final[Mapping[str, Promise]] = MappingProxyType(dict(_rows()))
"""Name of a fault → what is promised of it."""
