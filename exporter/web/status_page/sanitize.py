"""Text of others → text that is safe to look at. Pure."""

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


def _symbol(character: str) -> str:
    if character == _ZERO_WIDTH_JOINER or unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return "␡"
    return f"⟨U+{code:04X}⟩"
