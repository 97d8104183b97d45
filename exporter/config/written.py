"""Secrets that are written out in a document, and not left to a file or to the environment."""

from collections.abc import Iterator
from typing import Final

from exporter.config.document import ListNode, MapNode, Node, Scalar

_TOKENS: Final = ("token", "client_token")


def holds_secret(root: MapNode) -> bool:
    """Whether who reads the document learns a token or a webhook's URL."""
    instances = root.items.get("instances")
    sections = [root.items.get("api"), root.items.get("defaults")]
    sections += instances.items if isinstance(instances, ListNode) else ()
    secrets = (secret for section in sections if isinstance(section, MapNode) for secret in _secrets(section))
    written = (secret for secret in secrets if isinstance(secret, Scalar) and not secret.is_null)
    return any(not secret.has_variables for secret in written)


def _secrets(section: MapNode) -> Iterator[Node | None]:
    yield from (section.items.get(key) for key in _TOKENS)
    webhooks = section.items.get("expected_webhooks")
    if isinstance(webhooks, MapNode):
        yield from webhooks.items.values()
