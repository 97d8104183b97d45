"""Finds credentials in texts of a reply. Pure."""

import html
import unicodedata
from typing import Final
from urllib.parse import unquote

from exporter.model.secret import Secret

_LAYERS: Final = 3
"""How many times an encoding may be wrapped in another: a proxy that encodes a URL anew adds one."""


class SecretScanner:
    """Finds any of the given secrets, in other cases and encodings too."""

    def __init__(self, *secrets: Secret | None) -> None:
        self._needles = tuple(_folded(secret.reveal()) for secret in secrets if secret is not None)

    def finds_secret(self, text: str) -> bool:
        """Return whether the text holds one of the secrets."""
        for _ in range(_LAYERS):
            folded = _folded(text)
            if any(needle in folded for needle in self._needles):
                return True
            decoded = html.unescape(unquote(text)) if "%" in text or "&" in text else text
            if decoded == text:
                return False
            text = decoded
        return False


def _folded(text: str) -> str:
    """Return the text in one case, with compatible forms of letters unified and invisible characters removed."""
    if text.isascii():
        return text.lower()
    visible = (character for character in text if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", "".join(visible)).casefold()
