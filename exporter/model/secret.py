"""Text that must never be shown, and how it is found in other texts."""

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Final, final
from urllib.parse import unquote

_MASK: Final = "<secret>"
_LAYERS: Final = 3
"""How many times an encoding may be wrapped in another: a proxy that encodes a URL anew adds one."""
_LONG_WORD: Final = re.compile(r"[A-Za-z0-9_-]{12,}")


@final
class Secret:
    """A token, password or webhook URL.

    Printing, formatting or logging one gives ``<secret>``; only :meth:`reveal` gives the text, so a reader of
    the code finds every place that uses it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


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


def may_hold_token(name: str) -> bool:
    """Return whether a word of a name is long enough for a token: few names have one."""
    return _LONG_WORD.search(name) is not None


def hide_tokens(text: str, sources: Iterable[str]) -> str:
    """Return ``text`` with ``<hidden>`` in place of each word of a source, or its beginning, that may be a token."""
    words = {word.casefold() for source in sources for word in _LONG_WORD.findall(source)}

    def shown(match: re.Match[str]) -> str:
        is_hidden = any(word.startswith(match[0].casefold()) for word in words)
        return "<hidden>" if is_hidden else match[0]

    return _LONG_WORD.sub(shown, text)


def _folded(text: str) -> str:
    """Return the text in one case, with compatible forms of letters unified and invisible characters removed."""
    if text.isascii():
        return text.lower()
    visible = (character for character in text if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", "".join(visible)).casefold()
