"""What each kind of value must be like: a function takes a value of the document and gives what it means.

All raise :class:`ValueError` with a message that repeats no value, since any may be a secret.
"""

import re
from collections.abc import Collection
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from exporter.config.document import NULL, ListNode, MapNode, Scalar
from exporter.config.duration import parse_duration
from exporter.model.poll_result import WEBHOOK_FIELDS
from exporter.model.secret import Secret

MAX_NAME: Final = 200
MAX_CONCURRENCY: Final = 1024
MIN_INTERVAL: Final = 0.1
MAX_TIMEOUT: Final = 86_400.0
MAX_SPAN: Final = 365 * 86_400.0

_MAX_COMPARED: Final = 80  # comparing takes the square of the length
_UNSAFE: Final = re.compile(r"[\s\x00-\x20\x7f-\xa0]")
_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_BASE_URL: Final = re.compile(
    r"(?P<scheme>[^:/?#]*)://(?P<host>\[[^\]]*\]|[^/?#:@\\]*)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?#\\]*)?"
)
_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?")


def text(value: object) -> str:
    """Any text, even empty."""
    if isinstance(value, Scalar) and value.is_text:
        return value.text
    kind = kind_of(value)
    if kind in ("a list", "a mapping"):
        raise ValueError(f"must be text, not {kind}")
    if value is None or kind == NULL:
        raise ValueError("must be text, but has no value; give it one, or quote it")
    raise ValueError(f"must be text, but YAML reads it as {kind}; quote it")


def some_text(value: object) -> str:
    """Text that is not empty."""
    given = text(value)
    if not given.strip():
        raise ValueError("must not be empty")
    return given


def name(value: object) -> str:
    """The name of an instance."""
    given = some_text(value)
    if len(given) > MAX_NAME:
        raise ValueError(f"must not be longer than {MAX_NAME} characters")
    return given


def identifier(value: object) -> str:
    """The id of an instance: it must fit in a URL."""
    return safe(some_text(value))


def token(value: object) -> Secret:
    return Secret(safe(some_text(value)))


def client_token(value: object) -> Secret:
    return Secret(header_safe(some_text(value)))


def safe(given: str) -> str:
    """Text that a URL can hold once it is encoded."""
    if _UNSAFE.search(given):
        raise ValueError("must have no space, line break or control character")
    return given


def header_safe(given: str) -> str:
    """Text that an HTTP header can hold."""
    try:
        given.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("must have only characters that an HTTP header can carry") from None
    return safe(given)


def status(value: object) -> str:
    """A payment status, in lower case."""
    return some_text(value).strip().lower()


def timeout(value: object) -> float:
    """Seconds, from 1 ms to a day."""
    return _seconds(value, longest=MAX_TIMEOUT, limit="1d")


def interval(value: object) -> float:
    """Seconds, from 100 ms to a year."""
    seconds = _seconds(value, longest=MAX_SPAN, limit="1y")
    if seconds < MIN_INTERVAL:
        raise ValueError("must not be shorter than 100ms")
    return seconds


def stale_after(value: object) -> float:
    """Seconds, from 1 ms to a year."""
    return _seconds(value, longest=MAX_SPAN, limit="1y")


def concurrency(value: object) -> int:
    """A whole number; as text too, since what a variable holds is text."""
    written = value.text if isinstance(value, Scalar) else ""
    if not _WHOLE_NUMBER.fullmatch(written) or int(written) > MAX_CONCURRENCY:
        raise ValueError(f"must be a whole number from 1 to {MAX_CONCURRENCY}")
    return int(written)


def webhook(value: object) -> str:
    """The short name of a webhook."""
    return webhook_key(text(value))


def webhook_key(given: str) -> str:
    """The short name of a webhook, where it is a key."""
    if given not in WEBHOOK_FIELDS:
        raise ValueError(f"is no webhook; {nearest(given, WEBHOOK_FIELDS)}")
    return given


def webhook_url(value: object) -> Secret | None:
    """The URL that a webhook must have, which often holds a secret; no value where any URL will do."""
    if value is None:
        return None
    given = identifier(value)
    if not given.lower().startswith(("http://", "https://")):
        raise ValueError("must be a URL that begins with https:// or http://")
    return Secret(given)


def base_url(value: object) -> str:
    """Where Z-API is, without a slash at the end."""
    given = identifier(value)
    match = _BASE_URL.match(given)
    if match is None or match["scheme"].lower() not in ("http", "https"):
        raise ValueError("must be a URL such as https://api.z-api.io")
    if "@" in given or "?" in given or "#" in given:
        raise ValueError("must be a URL such as https://api.z-api.io, with no user, query or fragment")
    if not _is_host(match["host"]):
        raise ValueError("must be a URL with a host, such as https://api.z-api.io")
    if match.end() != len(given) or not 1 <= int(match["port"] or 443) <= 65_535:
        raise ValueError("must be a URL whose port, if it has one, is a number from 1 to 65535")
    return given.rstrip("/")


def kind_of(value: object) -> str:
    """What a value is, in words."""
    if isinstance(value, Scalar):
        return value.kind
    if isinstance(value, dict | MapNode):
        return "a mapping"
    return "a list" if isinstance(value, list | ListNode) else "nothing"


def nearest(given: str, known: Collection[str]) -> str:
    """A hint at the known name that is nearest to the given one, or at all of them."""
    near = get_close_matches(given[:_MAX_COMPARED], known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"


def _seconds(value: object, *, longest: float, limit: str) -> float:
    if not isinstance(value, Scalar) or not value.is_text:
        raise ValueError("must be a duration with its unit, such as 10s, 1m30s or 1h")
    try:
        seconds = parse_duration(value.text)
    except ValueError as error:
        raise ValueError(f"is {error}") from None
    if not 0 < seconds <= longest:
        raise ValueError(f"must be longer than 0s and not longer than {limit}")
    return seconds


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return _HOST.fullmatch(host) is not None
    try:
        IPv6Address(host[1:-1])
    except AddressValueError:
        return False
    return True
