"""The names of the fields of ``/me``, and our short names for webhooks and settings."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WEBHOOK_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connected": "connectedCallbackUrl",
        "delivery": "deliveryCallbackUrl",
        "disconnected": "disconnectedCallbackUrl",
        "message_status": "messageStatusCallbackUrl",
        "presence_chat": "presenceChatCallbackUrl",
        "received": "receivedCallbackUrl",
        "initial_data": "initialDataCallbackUrl",
        "received_and_delivery": "receivedAndDeliveryCallbackUrl",
        "received_status": "receivedStatusCallbackUrl",
    }
)
"""Our short name of each webhook → its field in ``/me``."""

UNDOCUMENTED_WEBHOOKS: Final = frozenset({"received_and_delivery", "received_status"})
"""Webhooks that not every instance has; the field's absence says nothing about them."""

FILTERS_FIELD: Final = "callbackTypeFilters"
"""The field of ``/me`` that lists the webhooks which Z-API does not call, whatever their URL."""

WEBHOOK_FILTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "FILTER_CONNECTED_CALLBACK": "connected",
        "FILTER_DELIVERY_CALLBACK": "delivery",
        "FILTER_DISCONNECTED_CALLBACK": "disconnected",
        "FILTER_MESSAGE_STATUS_CALLBACK": "message_status",
        "FILTER_PRESENCE_CHAT_CALLBACK": "presence_chat",
        "FILTER_RECEIVED_CALLBACK": "received",
    }
)
"""What :data:`FILTERS_FIELD` may list → the webhook that it mutes. No other webhook can be muted."""

SETTING_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "auto_read_message": "autoReadMessage",
        "call_reject_auto": "callRejectAuto",
        "receive_callback_sent_by_me": "receiveCallbackSentByMe",
    }
)
"""Our name of each boolean setting → its field in ``/me``."""

OPTIONAL_FIELDS: Final = (
    "name",
    "due",
    "created",
    "paymentStatus",
    FILTERS_FIELD,
    *SETTING_FIELDS.values(),
    *WEBHOOK_FIELDS.values(),
)
"""Every field of ``/me`` that may be absent or unreadable without failing the poll."""
