"""Healthy replies in which a field repeats a credential: what a careless client then shows is a secret."""

import json
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from exporter.demo.faults import Exchange, Fault, message, one_reply

_FORMS: Final[dict[str, Callable[[str], str]]] = {
    "": str,
    " in lower case": str.lower,
    " percent-encoded": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
}
_FIELDS: Final = ("name", "paymentStatus", "receivedCallbackUrl", "phone")


def repeated_secrets() -> tuple[Fault, ...]:
    """The instance's token and the account's Client-Token, in every text of ``/me`` and in several forms."""
    return tuple(
        _repeating(f"{field} repeats the {secret}{form}", field, secret, change)
        for field in _FIELDS
        for secret in ("token", "client-token")
        for form, change in _FORMS.items()
    )


def filters_with_secrets() -> tuple[Fault, ...]:
    return tuple(
        _repeating(f"callbackTypeFilters repeats the {secret}", "callbackTypeFilters", secret, str)
        for secret in ("token", "client-token")
    )


def _repeating(name: str, field: str, secret: str, change: Callable[[str], str]) -> Fault:
    def reply(exchange: Exchange) -> bytes:
        credential = exchange.client_token
        if secret == "token":
            credential = unquote(exchange.path.split("/token/")[1].split("/")[0])
        text = change(credential)
        document = {**json.loads(exchange.body), field: [text] if field.endswith("Filters") else text}
        return message(200, json.dumps(document).encode())

    return one_reply(name, reply)
