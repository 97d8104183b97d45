"""An HTTP answer → a reading. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Final

from exporter.model.poll_result import Failure, Reading, Reason
from exporter.zapi.me import decode_object, error_in, read_me

_REDIRECTS: Final = frozenset({300, 301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer. ``body`` is decoded, and empty where only the status could be read."""

    status: int
    body: bytes
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
        return read_body(answer.body, instance_id)
    if status == 429:
        wait = retry_after_seconds(answer.retry_after, now)
        return Failure(Reason.RATE_LIMITED, "Z-API limits the rate of requests (HTTP 429)", wait)
    if status in _REDIRECTS:
        return Failure(Reason.REDIRECTED, f"Z-API answered with a redirect (HTTP {status}), never followed")
    if 500 <= status < 600:
        wait = retry_after_seconds(answer.retry_after, now)
        return Failure(Reason.SERVER_ERROR, f"Z-API failed to answer (HTTP {status})", wait)
    if 400 <= status < 500:
        return _client_error(status, answer.body)
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
