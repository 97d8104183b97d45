"""How a key, a kind of value and a section of the configuration are declared.

A :class:`Key` is declared once. The reader, the errors, the JSON Schema and the reference in ``docs/configuration.md``
are all made of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from exporter.config.value import Value

T_co = TypeVar("T_co", covariant=True)

Schema = Mapping[str, Any]
"""A part of a JSON Schema."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """A kind of value: how it is read, its notation in the reference, and its JSON Schema.

    ``read`` raises :class:`Unusable`.
    """

    read: Callable[[Value], T_co]
    notation: str
    schema: Schema
    may_be_null: bool = False
    """True if ``key:`` without a value means the same as no key."""


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """A key of a section.

    ``default`` is written as in a document, and read as if it stood there. ``help`` is a sentence or two for users.
    """

    name: str
    kind: Kind[T_co]
    help: str
    default: str | tuple[str, ...] | Mapping[str, object] | None = None
    examples: tuple[object, ...] = ()
    is_required: bool = False
    is_secret: bool = False

    def written_default(self) -> str | None:
        """Return the default as the reference shows it."""
        if isinstance(self.default, tuple):
            return f"[{', '.join(self.default)}]"
        return self.default if isinstance(self.default, str) else None


@dataclass(frozen=True, slots=True)
class SecretKeys(Generic[T_co]):
    """Two alternative keys: a secret, or the name of the file that contains it."""

    inline: Key[T_co]
    file: Key[T_co]
    is_required: bool = False


@dataclass(frozen=True)
class Section:
    """A mapping with fixed keys. ``unsupported`` maps keys that other exporters support to advice on what to do
    instead.
    """

    title: str
    help: str
    entries: tuple[Key[Any] | SecretKeys[Any], ...]
    unsupported: Mapping[str, str] = field(default_factory=dict)
    ignored_prefix: str | None = None
    """Keys that begin with it are the user's own."""
    needs_one_of: tuple[str, ...] = ()
    """Keys of which at least one must be there."""

    @cached_property
    def keys(self) -> Mapping[str, Key[Any]]:
        return MappingProxyType({key.name: key for key in self._each_key()})

    @property
    def secrets(self) -> Iterator[SecretKeys[Any]]:
        return (entry for entry in self.entries if isinstance(entry, SecretKeys))

    def _each_key(self) -> Iterator[Key[Any]]:
        for entry in self.entries:
            if isinstance(entry, SecretKeys):
                yield entry.inline
                yield entry.file
            else:
                yield entry
