"""The replies of ``/queue/count`` and ``/queue`` → what they say. Pure."""

import re
from typing import Any, Final

from exporter.model.poll_result import Failure, Reason
from exporter.model.settings import Instance
from exporter.zapi.error_words import known_failure
from exporter.zapi.fields import Unreadable, unix_seconds
from exporter.zapi.json_body import decode_object
from exporter.zapi.message_scanner import NotAPage, oldest_created

MAX_COUNT: Final = 10**9
"""Largest count accepted; Z-API refuses messages from 1,000 on."""

_DIGITS: Final = re.compile(r"\d{1,10}", re.ASCII)


def read_count(body: bytes, instance: Instance) -> int | Failure:
    """Read the body of a 200 answer to ``/queue/count``: the messages that wait."""
    try:
        reply = decode_object(body)
    except ValueError:
        return _invalid("the reply to /queue/count is not a JSON object")
    failure = known_failure(reply.get("error"))
    if failure is not None:
        return failure
    count = _whole_number(reply.get("count"))
    return _invalid("the reply to /queue/count has no readable count") if count is None else count


def read_oldest(body: memoryview) -> float | Failure | None:
    """Read the body of a 200 answer to ``/queue``: the unix second since which the oldest message of it waits.

    ``None`` where no message has a readable ``Created``. The messages are not decoded.
    """
    try:
        created = oldest_created(body)
    except NotAPage:
        return _invalid("the reply to /queue is not a page of messages")
    try:
        return None if created is None else unix_seconds(created)
    except Unreadable:
        return None


def _whole_number(value: Any) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_COUNT:
        return None
    return int(value) if value == int(value) else None


def _invalid(detail: str) -> Failure:
    return Failure(Reason.INVALID_RESPONSE, detail)
