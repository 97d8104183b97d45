"""Text of others → text that is safe to look at, or that a search can compare. Pure."""

import unicodedata
from typing import Final

_ZERO_WIDTH_JOINER: Final = "\u200d"  # builds emoji; harmless on its own
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PICTURES: Final = 0x2400  # ␀, the first of the Unicode control pictures
_DELETE: Final = 0x7F

MAX_SHOWN: Final = 120
"""Most characters of one text that the page shows."""


def visible(text: str) -> str:
    """Return the text with every control, format and direction character as a symbol or as its number."""
    if text.isprintable():
        return text
    return "".join(_symbol(character) for character in text)


def shortened(text: str) -> str:
    """Return the visible text, cut to :data:`MAX_SHOWN` characters."""
    if len(text) > MAX_SHOWN:
        text = f"{text[: MAX_SHOWN - 1]}…"
    return visible(text)


def folded(text: str) -> str:
    """Return the text in lower case and without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _symbol(character: str) -> str:
    if character == _ZERO_WIDTH_JOINER or unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return "␡"
    return f"⟨U+{code:04X}⟩"
