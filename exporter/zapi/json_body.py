"""Bytes → JSON, strict and limited in size. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

Bytes = bytes | bytearray

MAX_VALUES: Final = 10_000
"""Most values taken in one reply; ``/me`` has some thirty. Decoded, a value takes up to thirty times its text."""


class TooManyValues(ValueError):
    """A reply holds more than :data:`MAX_VALUES` values."""


def decode_json(body: Bytes) -> Any:
    """Decode JSON in UTF-8, with or without a byte order mark.

    Raise :class:`ValueError` for anything else, for NaN and Infinity, and for an object with a duplicate key: it is
    unknown which of the two values is right. Raise :class:`TooManyValues` for a huge document.
    """
    # Counted before anything is decoded; a sign inside of a text counts too, which no real reply comes near.
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise TooManyValues
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_int=float,  # of any length, while Python refuses long integers or reads them slowly
            object_pairs_hook=_unique_keys,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decode_object(body: Bytes) -> Mapping[str, Any]:
    """Decode a JSON object. Raise as :func:`decode_json`, and :class:`ValueError` for JSON of another type."""
    decoded = decode_json(body)
    if not isinstance(decoded, dict):
        raise ValueError("not an object")
    return decoded


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate key")
    return unique


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
