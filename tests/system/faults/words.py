"""Replies of nothing but a state, and fields that repeat a secret → what is promised of each."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from exporter.demo.instances import DOCUMENTED_WEBHOOKS
from exporter.model.me_fields import SETTING_FIELDS, WEBHOOK_FILTERS
from tests.system.faults.promise import Promise

_STATES: Final = ("200 not connected", "200 already connected", "200 restore the session")
_FORMS: Final = ("", " in lower case", " percent-encoded")


def _rows() -> Iterator[tuple[str, Promise]]:
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
