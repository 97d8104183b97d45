"""Text that must never be shown."""

from typing import Final, final

_MASK: Final = "<secret>"


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
