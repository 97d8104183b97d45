"""The text of a value → what it means. Each function checks one kind of text and converts it.

All raise :class:`ValueError` with a message that does not repeat the value, which may be a secret.
"""

import re
from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret

MAX_NAME: Final = 200

_UNITS: Final = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
"""Each unit of a duration in milliseconds, the largest first."""

_DURATION_PARTS: Final = "".join(rf"(?:([0-9]{{1,12}}){unit})?" for unit in _UNITS)
_DURATION: Final = re.compile(_DURATION_PARTS, re.ASCII)

DURATION_PATTERN: Final = "0|(?=[0-9])" + "".join(f"(?:[0-9]{{1,12}}{unit})?" for unit in _UNITS)
"""What :func:`parse_duration` takes, for a JSON Schema."""

MAX_SECONDS: Final = 292 * 365 * 86_400.0
"""The longest duration there is, as in Prometheus: 292 years."""


class Empty(ValueError):
    """There is no text where some is needed."""

    def __init__(self) -> None:
        super().__init__("must not be empty")


TYPOGRAPHIC_QUOTES: Final = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\xab\xbb"
NO_BREAK_SPACES: Final = "\xa0\u2007\u202f"
INVISIBLE: Final = "\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
"""As in a set of a regular expression."""

_MAX_COMPARED: Final = 80  # comparing takes the square of the length
_MISTYPED: Final = (
    (re.compile("\t"), "a tab"),
    (re.compile(f"[{NO_BREAK_SPACES}]"), "a no-break space"),
    (re.compile(f"[{TYPOGRAPHIC_QUOTES}]"), "a typographic quotation mark"),
    (re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]"), "a line break"),
    (re.compile(r"\s"), "a space"),
    (re.compile("[\x00-\x1f\x7f-\x9f]"), "a control character"),
    (re.compile(f"[{INVISIBLE}]"), "an invisible character"),
)
MISTYPED_IN_KEYS: Final = (*_MISTYPED[:3], _MISTYPED[-1])
"""Signs that look like others, and their names."""

_VARIABLE: Final = "; write ${NAME} for an environment variable"
_NOT_REPLACED: Final = (
    (re.compile(r"%\w+%"), f"is a Windows variable{_VARIABLE}"),
    (re.compile(r"\{\{.*\}\}"), f"is a template that was not rendered{_VARIABLE}"),
    (re.compile(r"<[^<>]+>"), "is a placeholder in angle brackets; put the real value in its place"),
    (re.compile(r"bearer\s.*", re.IGNORECASE), 'begins with "Bearer"; give only the text after it'),
    (re.compile(r"(?:export )?[A-Z][A-Z0-9_]*=[^=].*"), "begins with NAME=; give only the text after it"),
    (re.compile(r".*[,;]"), "ends with a comma or a semicolon; remove it"),
    (
        re.compile(r"\S+[\n\r]+"),
        "ends with a line break, as text after | does; write it on the line of its key",
    ),
)
"""What is copied from elsewhere and means nothing here, and what to do."""
_PART_OF_URL: Final = re.compile(r"://|/(?:instances|token)/|\?")
_IN_QUOTES: Final = re.compile(r"""(["']).*\1""", re.DOTALL)
_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_URL: Final = re.compile(
    r"(?P<scheme>[^:/?#]*)://(?P<host>\[[^\]]*\]|[^/?#:@\\]*)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?#\\]*)?"
)
_HOST: Final = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})*\.?")
_INSTANCE_PATH: Final = re.compile(r"/(?:instances|token)(?:/|$)", re.IGNORECASE)


def some_text(text: str) -> str:
    """Return text that is not empty."""
    if not text.strip():
        raise Empty
    return text


def name(text: str) -> str:
    if len(some_text(text)) > MAX_NAME:
        raise ValueError(f"must not be longer than {MAX_NAME} characters")
    return text


def file_name(text: str) -> str:
    if some_text(text).startswith("~"):
        raise ValueError("begins with ~, which is not expanded; write the full path")
    if "://" in text:
        raise ValueError("is a URL; give the path of a file")
    return text


def word(text: str) -> str:
    """Return text that has no spaces, and no quotation marks around it that were quoted by mistake."""
    if not text.strip():
        raise Empty
    if is_in_quotes(text):
        raise ValueError("is in quotes within quotes; remove the inner pair")
    for mistake, message in _NOT_REPLACED:
        if mistake.fullmatch(text):
            raise ValueError(message)
    for mistake, what in _MISTYPED:
        if mistake.search(text):
            raise ValueError(f"has {what}; remove it")
    return text


def is_in_quotes(text: str) -> bool:
    """Return whether the text itself begins and ends with quotation marks."""
    return _IN_QUOTES.fullmatch(text) is not None


def identifier(text: str) -> str:
    """Return the id of an instance."""
    return _part_of_url(text, "the id, which comes after /instances/")


def token(text: str) -> Secret:
    return Secret(_part_of_url(text, "the token, which comes after /token/"))


def _part_of_url(text: str, part: str) -> str:
    if _PART_OF_URL.search(word(text)):
        raise ValueError(f"is a URL, or a part of one; give only {part} in the URL of an instance")
    if "#" in text:
        raise ValueError("has a #, which begins a comment only after a space; remove what is not part of it")
    return text


def client_token(text: str) -> Secret:
    """Return the security token of an account, which must fit into an HTTP header."""
    try:
        word(text).encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(
            "has a character that no HTTP header can have; copy the token from Z-API again"
        ) from None
    return Secret(text)


def partner_token(text: str) -> Secret:
    """Return the token of a partner, which must fit into an HTTP header."""
    word(text)
    if not text.isascii():
        raise ValueError("has a character that is not ASCII; copy the token from Z-API again")
    return Secret(text)


def status(text: str) -> str:
    """Return a payment status, in lower case."""
    return some_text(text).strip().lower()


def duration(text: str, shortest: str, longest: str) -> float:
    """Return seconds, between two durations; a ``shortest`` of ``1ms`` excludes only 0."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        word(text.replace(" ", ""))  # tells what may look right and is not
        raise ValueError(str(error)) from None
    least, most = parse_duration(shortest), parse_duration(longest)
    if seconds > most or (least and not seconds):
        raise ValueError(f"must {'be longer than 0s and not' if least else 'not be'} longer than {longest}")
    if seconds < least:
        raise ValueError(f"must not be shorter than {shortest}")
    return seconds


def whole_number(text: str, most: int) -> int:
    """Read a whole number from text, as which the content of a variable comes too."""
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > most:
        raise ValueError(f"must be a whole number from 1 to {most}")
    return int(text)


def webhook(text: str) -> str:
    """Return the short name of a webhook."""
    if text not in WEBHOOK_FIELDS:
        raise ValueError(f"unknown webhook; {nearest(text, WEBHOOK_FIELDS)}")
    return text


def collector(text: str) -> Collector:
    try:
        return Collector(text)
    except ValueError:
        raise ValueError(f"unknown collector; {nearest(text, [each.value for each in Collector])}") from None


def webhook_url(text: str) -> Secret:
    """Return the URL that a webhook must have; it often holds a secret."""
    if not _http_url(text, "must be a URL that begins with https:// or http://")["host"]:
        raise ValueError("must be a URL with a host, such as https://app.example.com/hooks")
    return Secret(text)


def base_url(text: str) -> str:
    """Return the URL of Z-API, without a slash at the end."""
    match = _http_url(text, "must begin with https:// or http://, such as https://api.z-api.io")
    if _INSTANCE_PATH.search(text):
        raise ValueError(
            "contains the path of an instance; give only the part before /instances/, such as "
            "https://api.z-api.io, and the id and the token under instances"
        )
    if "@" in text or "?" in text or "#" in text:
        raise ValueError("must be a URL such as https://api.z-api.io, without user, query or fragment")
    if not text.isascii():
        raise ValueError(
            "must be in ASCII; write a host in its xn-- form, and other letters of a path as %XX"
        )
    if not _is_host(match["host"]):
        raise ValueError("must be a URL with a host, such as https://api.z-api.io")
    if match.end() != len(text) or not 1 <= int(match["port"] or 443) <= 65_535:
        raise ValueError("must be a URL whose port, if it has one, is a number from 1 to 65535")
    return text.rstrip("/")


def _http_url(text: str, problem: str) -> re.Match[str]:
    if word(text).startswith("$"):
        raise ValueError(f"begins with ${_VARIABLE}")
    match = _URL.match(text)
    if match is None or match["scheme"].lower() not in ("http", "https"):
        raise ValueError(problem)
    return match


def nearest(given: str, known: Collection[str]) -> str:
    """Suggest the known name that is most similar to the given one, or list all known names."""
    return _nearest(given[:_MAX_COMPARED], tuple(known))


@lru_cache(maxsize=256)
def _nearest(given: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(given, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"expected one of {', '.join(sorted(known))}"


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return _HOST.fullmatch(host) is not None
    try:
        IPv6Address(host[1:-1])
    except AddressValueError:
        return False
    return True


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as ``1h30m`` or ``0``, to the millisecond.

    Units must be in descending order, each at most once. Raise :class:`ValueError` for any other text, and for
    durations longer than 292 years.
    """
    if text == "0":
        return 0.0
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(
            "must be whole numbers with the units y, w, d, h, m, s and ms, in this order, such as 10s or 1m30s, "
            "without decimals or spaces"
        )
    milliseconds = sum(
        int(count) * size for count, size in zip(match.groups(), _UNITS.values(), strict=True) if count
    )
    if milliseconds > MAX_SECONDS * 1000:
        raise ValueError("is longer than 292 years")
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """Write ``seconds`` (0 or more) so that :func:`parse_duration` reads them back, to the millisecond."""
    rest = round(seconds * 1000)
    text = ""
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            text += f"{count}{unit}"
    return text or "0"
