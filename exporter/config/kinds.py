"""The kinds of values that a configuration has."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, TypeVar, cast

from exporter.config import validators
from exporter.config.certificates import read_certificates
from exporter.config.document import ListNode, MapNode, Scalar
from exporter.config.files import MissingFile, WrongKind
from exporter.config.labels import RESERVED_LABELS, label_name
from exporter.config.section import Key, Kind, Schema, Section, SectionValues, Unusable, Value, usable
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret

T = TypeVar("T")

ExpectedWebhooks = Mapping[str, Secret | None]
"""Each expected webhook's name → the URL it must have, or ``None`` where any URL will do."""

_VARIABLE: Final = r"\$"
_WORD: Final = r"[^\s\u0000-\u0020\u007f-\u00a0]+"
_LABEL: Final = rf"^(?!__|(?:{'|'.join(sorted(RESERVED_LABELS))})$)[a-zA-Z_][a-zA-Z0-9_]*$"


def _text_like(pattern: str) -> Schema:
    """Return the schema of text that matches the pattern or contains a variable, whose value is unknown to the
    schema.
    """
    return {"type": "string", "pattern": f"^(?:{pattern})$|{_VARIABLE}"}


def scalar(reader: Callable[[str], T], notation: str = "", schema: Schema | None = None) -> Kind[T]:
    """Make a kind of a function from text to a value, which raises :class:`ValueError` with what is wrong."""
    return Kind(lambda value: value.convert(reader, value.text()), notation, schema or {})


def optional(kind: Kind[T]) -> Kind[T | None]:
    """Return the same kind, for a key that has no default."""
    return cast("Kind[T | None]", kind)


def duration(shortest: str, longest: str) -> Kind[float]:
    reader = partial(validators.duration, shortest=shortest, longest=longest)

    def read(value: Value) -> float:
        if not isinstance(value.node, Scalar) or not value.node.is_text:
            value.refuse("must be a duration with its unit, such as 10s, 1m30s or 1h")
        return value.convert(reader, value.node.text)

    return Kind(read, "<duration>", _text_like(validators.DURATION_PATTERN))


def secret(reader: Callable[[str], Secret]) -> Kind[Secret | None]:
    """Make the kind of a secret that is written in the document or in a variable."""

    def read(value: Value) -> Secret:
        text = value.text()
        if isinstance(value.node, Scalar) and value.node.has_bare_dollar:
            value.refuse("begins with $; write ${NAME} for an environment variable, and $$ for a dollar sign")
        return value.convert(reader, text)

    return optional(Kind(read, "<secret>", _text_like(_WORD)))


def secret_file(reader: Callable[[str], Secret]) -> Kind[Secret | None]:
    """Make the kind of a name of a file that holds a secret."""

    def read(value: Value) -> Secret:
        text = _file_text(value)
        return value.convert(reader, text, prefix="names a file whose text ")

    return optional(Kind(read, "<file>", _SOME_TEXT))


def _file_text(value: Value) -> str:
    text = read_file(value, value.context.files.secret)
    if "\n" in text or "\r" in text:
        value.refuse("names a file with more than one line; it must contain only the secret")
    if text.startswith("$"):
        value.refuse("names a file whose text begins with $; variables are not expanded in files")
    if validators.is_in_quotes(text):
        value.refuse("names a file whose text is in quotes; remove them")
    return text


def read_file(value: Value, reader: Callable[[str], T]) -> T:
    """Return what ``reader`` makes of the named file; it raises :class:`ValueError` with what is wrong with it."""
    name = value.convert(validators.file_name, value.text())
    try:
        return reader(name)
    except MissingFile as error:
        value.refuse(
            f"names a file that {error}; create it or correct the path (a relative path starts at the directory of "
            "this file)"
        )
    except WrongKind as error:
        value.refuse(f"names {error.kind}; a regular file is expected")
    except ValueError as error:
        value.refuse(f"names a file that {error}")


def list_of(item: Kind[T], wanted: str, least: int = 1) -> Kind[tuple[T, ...]]:
    """Make the kind of a list of at least ``least`` items; ``wanted`` describes it in words."""

    def read(value: Value) -> tuple[T, ...]:
        if not isinstance(value.node, ListNode) or len(value.node.items) < least:
            value.refuse(f"must be {wanted}")
        found = read_each(value, item.read)
        if len(found) < len(value.node.items):
            raise Unusable
        return tuple(found)

    schema = {"type": "array", **({"minItems": least} if least else {}), "items": item.schema}
    return Kind(read, f"[{item.notation}, ...]", schema)


def read_each(value: Value, read: Callable[[Value], T]) -> list[T]:
    """Return every item of a list that is valid; the others are reported."""
    return [found for item in value.items() for found in usable(read, item)]


def sections(section: Section, notation: str, wanted: str, least: int = 1) -> Kind[tuple[SectionValues, ...]]:
    """Make the kind of a list of at least ``least`` sections; ``wanted`` describes it in words."""

    def read(value: Value) -> tuple[SectionValues, ...]:
        if not isinstance(value.node, ListNode) or len(value.node.items) < least:
            value.refuse(f"must be {wanted}")
        return tuple(read_each(value, lambda item: SectionValues(section, item)))

    bound = {"minItems": least} if least else {}
    schema = {"type": "array", **bound, "items": {"$ref": f"#/$defs/{section.title}"}}
    return Kind(read, notation, schema)


def _read_labels(value: Value) -> Mapping[str, str]:
    if not isinstance(value.node, MapNode):
        value.refuse("must be a mapping from label to value")
    return dict(read_entries(value, label_name, Value.text))


def read_entries(
    value: Value, read_key: Callable[[str], str], read: Callable[[Value], T]
) -> Iterator[tuple[str, T]]:
    """Yield each key of a mapping with its value, where both are valid."""
    for key, item in value.entries():
        yield from zip(usable(item.convert_key, read_key, key), usable(read, item), strict=False)


def _read_webhooks(value: Value) -> ExpectedWebhooks:
    if isinstance(value.node, ListNode):
        return dict.fromkeys(read_each(value, WEBHOOK.read))
    if not isinstance(value.node, MapNode):
        value.refuse("must be a list of webhooks, or a mapping from webhook to URL")
    return dict(read_entries(value, validators.webhook, _read_webhook_url))


def _read_webhook_url(value: Value) -> Secret | None:
    node = value.node
    if isinstance(node, MapNode):
        return SectionValues(URL_IN_FILE, value)[URL_FILE]
    if isinstance(node, ListNode):
        value.refuse("must be a URL, or a mapping with url_file, not a list")
    if node.is_null:
        return None
    url = value.convert(validators.webhook_url, value.text())
    if not node.has_variables:
        value.context.has_written_secret = True
    return url


def _read_ca_file(value: Value) -> str:
    return read_file(value, lambda name: read_certificates(value.context.files.read(name)))


def whole_number(maximum: int) -> Kind[int]:
    """Make the kind of a number from 1 to ``maximum``, which a variable may hold too."""
    reader = partial(validators.whole_number, most=maximum)

    def read(value: Value) -> int:
        return value.convert(reader, value.node.text if isinstance(value.node, Scalar) else "")

    pattern = f"^[1-9][0-9]{{0,{len(str(maximum)) - 1}}}$|{_VARIABLE}"
    number = {"type": "integer", "minimum": 1, "maximum": maximum}
    return Kind(read, "<number>", {"anyOf": [number, {"type": "string", "pattern": pattern}]})


_SOME_TEXT: Final[Schema] = {"type": "string", "pattern": r"\S"}
_URL: Final[Schema] = _text_like(rf"[Hh][Tt][Tt][Pp][Ss]?://(?![/?#:@\\]){_WORD}")
_WEBHOOK_NAME: Final[Schema] = {"enum": list(WEBHOOK_FIELDS)}

NAME: Final = scalar(
    validators.name, "<text>", _text_like(rf"(?=[\s\S]*\S)[\s\S]{{1,{validators.MAX_NAME}}}")
)
IDENTIFIER: Final = scalar(validators.identifier, "<text>", _text_like(rf"(?![\s\S]*://){_WORD}"))
BASE_URL: Final = scalar(
    validators.base_url,
    "<url>",
    _text_like(r"[Hh][Tt][Tt][Pp][Ss]?://(?![^\s]*/(?:instances|token)(?:/|$))[^\s?#@]+"),
)
STATUS: Final = scalar(validators.status, "<text>", _SOME_TEXT)
WEBHOOK: Final = scalar(
    validators.webhook, "<webhook>", {"anyOf": [_WEBHOOK_NAME, {"type": "string", "pattern": _VARIABLE}]}
)
COLLECTOR: Final = scalar(
    validators.collector,
    "<collector>",
    {"anyOf": [{"enum": [each.value for each in Collector]}, {"type": "string", "pattern": _VARIABLE}]},
)
PATTERN: Final = scalar(validators.some_text, "<pattern>", _SOME_TEXT)
CA_FILE: Final = optional(Kind(_read_ca_file, "<file>", _SOME_TEXT))

URL_FILE: Final = Key(
    "url_file",
    secret_file(validators.webhook_url),
    "The file that contains the URL, which is often a secret.",
    examples=("/run/secrets/hook",),
    is_required=True,
)
URL_IN_FILE: Final = Section("UrlInFile", "A URL that is read from a file.", (URL_FILE,))

LABELS: Final = optional(
    Kind(
        _read_labels,
        "{<label>: <text>, ...}",
        {
            "type": "object",
            "propertyNames": {"type": "string", "pattern": _LABEL},
            "additionalProperties": {"type": "string"},
        },
        may_be_null=True,
    )
)
EXPECTED_WEBHOOKS: Final = optional(
    Kind(
        _read_webhooks,
        "<expected_webhooks>",
        {
            "oneOf": [
                {"type": "array", "items": WEBHOOK.schema},
                {
                    "type": "object",
                    "propertyNames": _WEBHOOK_NAME,
                    "additionalProperties": {
                        "anyOf": [_URL, {"$ref": f"#/$defs/{URL_IN_FILE.title}"}, {"type": "null"}]
                    },
                },
            ]
        },
        may_be_null=True,
    )
)
