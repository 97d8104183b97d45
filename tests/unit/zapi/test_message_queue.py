"""What the queue's replies say, in every form that must be reckoned with."""

import json

import pytest

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.message_queue import read_count, read_oldest


def count(reply: object) -> int | Failure:
    return read_count(json.dumps(reply).encode())


@pytest.mark.parametrize(
    ("said", "read"), [(0, 0), (380, 380), ("17", 17), (" 17 ", 17), (2.0, 2), (1e9, 10**9)]
)
def test_a_count_is_taken_in_every_form(said: object, read: int) -> None:
    assert count({"count": said}) == read


@pytest.mark.parametrize("said", [None, -1, 1.5, "many", "", True, [], {}, 1e10, "-3", float(10**30)])
def test_a_count_that_is_none_is_a_failure(said: object) -> None:
    failure = count({"count": said})
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"error": "Instance not found"}, Reason.NOT_FOUND),
        ({"count": 3, "error": "null not allowed"}, Reason.UNAUTHORIZED),
        ([1], Reason.INVALID_RESPONSE),
        ({}, Reason.INVALID_RESPONSE),
    ],
)
def test_a_reply_without_a_count_has_its_reason(reply: object, reason: Reason) -> None:
    failure = count(reply)
    assert isinstance(failure, Failure)
    assert failure.reason is reason


@pytest.mark.parametrize(
    ("created", "seconds"),
    [(1774968031776, 1774968031.776), (1774968031, 1774968031.0), ("1774968031776", 1774968031.776)],
)
def test_the_oldest_message_is_told_in_seconds(created: object, seconds: float) -> None:
    page = {"messages": [{"Created": created, "Message": "canary"}, {"Created": 1774968099000}]}
    assert read_oldest(json.dumps(page).encode()) == pytest.approx(seconds)


@pytest.mark.parametrize("messages", [[], [{}], [{"Created": "yesterday"}], [{"Created": None}]])
def test_a_page_without_a_readable_age_has_none(messages: object) -> None:
    assert read_oldest(json.dumps({"messages": messages}).encode()) is None


def test_what_is_no_page_is_a_failure_that_repeats_nothing() -> None:
    failure = read_oldest(b'{"canary":[]}')
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.INVALID_RESPONSE
    assert "canary" not in failure.detail
