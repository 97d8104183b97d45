"""The replies of ``/queue/count`` and ``/queue`` → what they say. Pure."""

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.error_words import known_failure
from exporter.zapi.fields import Unreadable, unix_seconds, whole_number
from exporter.zapi.json_body import Bytes, decode_object
from exporter.zapi.message_scanner import NotAPage, oldest_created


def read_count(body: Bytes) -> int | Failure:
    """Read the body of a 200 answer to ``/queue/count``: the messages that wait."""
    try:
        reply = decode_object(body)
    except ValueError:
        return _invalid("the reply to /queue/count is not a JSON object")
    failure = known_failure(reply.get("error"))
    if failure is not None:
        return failure
    try:
        return whole_number(reply.get("count"))
    except Unreadable:
        return _invalid("the reply to /queue/count has no readable count")


def read_oldest(body: Bytes) -> float | Failure | None:
    """Read the body of a 200 answer to ``/queue``: the unix second since which the oldest message of it waits.

    ``None`` where no message has a readable ``Created``. The messages are not decoded.
    """
    try:
        created = oldest_created(memoryview(body))
    except NotAPage:
        return _invalid("the reply to /queue is not a page of messages")
    try:
        return None if created is None else unix_seconds(created)
    except Unreadable:
        return None


def _invalid(detail: str) -> Failure:
    return Failure(Reason.INVALID_RESPONSE, detail)
