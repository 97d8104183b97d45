"""An HTTP answer → a reading. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.error_words import known_failure
from exporter.zapi.json_body import Bytes, decode_json

T = TypeVar("T")

_REDIRECTS: Final = frozenset({300, 301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer. ``body`` is decoded, and empty where only the status could be read."""

    status: int
    body: Bytes
    retry_after: str | None = None


def read_answer(answer: Answer, now: float, read_body: Callable[[Bytes], T]) -> T | Failure:
    """Return what ``read_body`` returns for the body of a successful answer, or the failure that another answer
    means.

    ``now`` is unix time, for a ``Retry-After`` that is a date. Z-API uses one status for several failures, so a known
    error text in the body has precedence over the status.
    """
    if 200 <= answer.status < 300:
        return read_body(answer.body)
    try:
        reply = decode_json(answer.body)
        is_json = True
    except ValueError:
        reply, is_json = None, False
    failure = known_failure(reply) or _failure_of_status(answer.status, is_json=is_json)
    return replace(failure, retry_after=retry_after_seconds(answer.retry_after, now))


def read_offered(answer: Answer, now: float, read_body: Callable[[Bytes], T]) -> T | Failure:
    """Read an answer like :func:`read_answer`, for an endpoint that Z-API does not offer for every instance."""
    if answer.status in (404, 405):
        return Failure(Reason.NOT_FOUND, f"Z-API does not offer this for the instance (HTTP {answer.status})")
    return read_answer(answer, now, read_body)


def _failure_of_status(status: int, *, is_json: bool) -> Failure:
    """``is_json`` tells Z-API from what may stand in front of it: a firewall or a content delivery network."""
    if status == 429:
        return Failure(Reason.RATE_LIMITED, f"Z-API limits the rate of requests (HTTP {status})")
    if status in _REDIRECTS:
        return Failure(Reason.REDIRECTED, f"Z-API answered with a redirect (HTTP {status}), never followed")
    if 500 <= status < 600:
        return Failure(Reason.SERVER_ERROR, f"Z-API failed to answer (HTTP {status})")
    if status == 401 and is_json:
        return Failure(Reason.UNAUTHORIZED, f"Z-API refused the credentials (HTTP {status})")
    if status in (401, 403):
        return Failure(Reason.FORBIDDEN, f"a server in front of Z-API refused the request (HTTP {status})")
    if status == 404 and is_json:
        return Failure(Reason.NOT_FOUND, f"Z-API knows no instance with this id and token (HTTP {status})")
    if status == 404:
        return Failure(Reason.BAD_STATUS, f"no Z-API is found at api.base_url (HTTP {status})")
    if 400 <= status < 500:
        return Failure(Reason.BAD_STATUS, f"Z-API refused the request (HTTP {status})")
    return Failure(Reason.BAD_STATUS, f"Z-API answered HTTP {status}, which says nothing of an instance")


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
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp() - now)
