"""An HTTP answer → a reading. Pure."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Final

from exporter.model.poll_result import Failure, Reading, Reason
from exporter.zapi.me import decode_object, error_in, read_me

MAX_BODY: Final = 1024 * 1024
"""Largest body taken, in bytes, before and after decompression."""

_REDIRECTS: Final = frozenset({300, 301, 302, 303, 307, 308})
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class BodyTooLarge(Exception):
    """The body is larger than :data:`MAX_BODY`, as sent or once decompressed."""


class BodyUnreadable(Exception):
    """The body is in an encoding that was not asked for, or is broken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer. ``body`` is decompressed; ``None`` where only the status could be read."""

    status: int
    body: bytes | None
    retry_after: str | None = None


def read_answer(
    answer: Answer,
    instance_id: str,
    now: float,
    read_body: Callable[[bytes, str], Reading] = read_me,
) -> Reading:
    """What the answer says of the instance; ``now`` is unix time, for a ``Retry-After`` that is a date."""
    status = answer.status
    if 200 <= status < 300:
        return read_body(answer.body or b"", instance_id)
    if status == 429:
        wait = retry_after_seconds(answer.retry_after, now)
        return Failure(Reason.RATE_LIMITED, "Z-API limits the rate of requests (HTTP 429)", wait)
    if status in _REDIRECTS:
        return Failure(Reason.REDIRECTED, f"Z-API answered with a redirect (HTTP {status}), never followed")
    if 500 <= status < 600:
        return Failure(Reason.SERVER_ERROR, f"Z-API failed to answer (HTTP {status})")
    if 400 <= status < 500:
        return _client_error(status, answer.body or b"")
    return Failure(Reason.BAD_STATUS, f"Z-API answered HTTP {status}, which says nothing of an instance")


def _client_error(status: int, body: bytes) -> Failure:
    """Z-API's 4xx statuses overlap; the words of the body are the better witness where they are known."""
    try:
        said = error_in(decode_object(body))
    except ValueError:
        said = None
    if said is not None and said.reason in (Reason.NOT_FOUND, Reason.UNAUTHORIZED):
        return said
    if status in (401, 403):
        return Failure(Reason.UNAUTHORIZED, f"Z-API refused the credentials (HTTP {status})")
    if status == 404:
        return Failure(Reason.NOT_FOUND, "Z-API knows no instance with this id and token (HTTP 404)")
    return Failure(Reason.BAD_STATUS, f"Z-API refused the request (HTTP {status})")


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Seconds to wait by a ``Retry-After`` header, at least 0; ``None`` if absent or malformed."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, moment.timestamp() - now)


def content_encoding(headers: Mapping[str, str]) -> str:
    """``headers`` with names in lower case, or those of a mapping that ignores case."""
    return headers.get("content-encoding", "").strip().lower()


def decoder(encoding: str) -> "Decoder":
    """What undoes a ``Content-Encoding``. Raises :class:`BodyUnreadable` for one that was not asked for."""
    if encoding in ("", "identity"):
        return Decoder(None)
    if encoding in ("gzip", "x-gzip"):
        return Decoder(zlib.decompressobj(_GZIP_WINDOW))
    raise BodyUnreadable


class Decoder:
    """Takes a body block by block, so that one that unpacks to too much is given up at once."""

    def __init__(self, gzip: "zlib._Decompress | None") -> None:
        self._gzip = gzip
        self._body = bytearray()

    def take(self, block: bytes) -> None:
        """Raises :class:`BodyTooLarge` once the body is larger than :data:`MAX_BODY`, and :class:`BodyUnreadable`."""
        try:
            self._body += block if self._gzip is None else self._gzip.decompress(block, self._room)
        except zlib.error:
            raise BodyUnreadable from None
        if len(self._body) > MAX_BODY:
            raise BodyTooLarge

    def whole(self) -> bytes:
        """The body as it was before it was encoded. Raises :class:`BodyUnreadable` for one that was cut short."""
        if self._gzip is not None and (not self._gzip.eof or self._gzip.unused_data):
            raise BodyUnreadable
        return bytes(self._body)

    @property
    def _room(self) -> int:
        return MAX_BODY + 1 - len(self._body)
