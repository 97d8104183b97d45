"""What the queue's replies say, in every form that must be reckoned with. Of a page of messages nothing is copied."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.message_queue import NotAPage, oldest_created, read_count, read_oldest
from tests.unit.zapi.outcome import reason


def count(reply: object) -> int | Failure:
    return read_count(json.dumps(reply).encode())


@pytest.mark.parametrize(
    ("said", "read"), [(0, 0), (380, 380), ("17", 17), (" 17 ", 17), (2.0, 2), (1e9, 10**9)]
)
def test_a_count_is_taken_in_every_form(said: object, read: int) -> None:
    assert count({"count": said}) == read


@pytest.mark.parametrize(
    "said", [None, -1, 1.5, "many", "", True, [], {}, 10**9 + 1, "9" * 11, "-3", float(10**30)]
)
def test_a_count_that_is_none_is_a_failure(said: object) -> None:
    assert reason(count({"count": said})) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"error": "Instance not found"}, Reason.NOT_FOUND),
        ({"count": 3, "error": "null not allowed"}, Reason.UNAUTHORIZED),
        ([1], Reason.INVALID_RESPONSE),
        ({}, Reason.INVALID_RESPONSE),
    ],
)
def test_a_reply_without_a_count_has_its_reason(reply: object, expected: Reason) -> None:
    assert reason(count(reply)) is expected


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**13) | st.text() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("Created"), inner, max_size=4)
    ),
    max_leaves=12,
)
MESSAGE = st.fixed_dictionaries(
    {"Message": JSON, "Phone": st.text()},
    optional={"Created": st.integers(1, 10**13) | st.integers(1, 10**13).map(str), "messages": JSON},
)


def scan(document: Any, **options: Any) -> int | None:
    return oldest_created(memoryview(json.dumps(document, **options).encode()))


@given(st.lists(MESSAGE, max_size=5), st.booleans(), st.sampled_from([None, 2]))
def test_it_finds_the_least_created(messages: list[Any], ascii_only: bool, indent: int | None) -> None:
    page = {"pagingState": "x", "messages": messages, "hasMore": True}
    text = json.dumps(page, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    created = [int(message["Created"]) for message in messages if "Created" in message]
    assert oldest_created(memoryview(text)) == min(created, default=None)


@given(JSON)
def test_any_json_is_no_page_unless_it_has_a_list_of_messages(document: Any) -> None:
    if isinstance(document, dict) and isinstance(document.get("messages"), list):
        return
    with pytest.raises(NotAPage):
        scan(document)


@given(st.binary())
def test_any_bytes_are_refused_or_have_no_age(junk: bytes) -> None:
    with pytest.raises(NotAPage):
        oldest_created(memoryview(junk))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"messages":[',
        '{"messages":[}',
        '{"messages":[]}{"messages":[]}',
        '{"messages":[]} x y',
        '[{"messages":[{"Created":1}]}]',
        '{"messages":{"Created":1}}',
        '{"messages":"Created"}',
        '{"error":"Instance not found"}',
        '{"messages":[' * 40,
    ],
)
def test_what_is_no_page_is_refused(text: str) -> None:
    with pytest.raises(NotAPage):
        oldest_created(memoryview(text.encode()))


@pytest.mark.parametrize(
    "message",
    [
        {"Message": {"Created": 1}},
        {"Message": '"Created":1'},
        {"Message": [{"Created": 1}]},
        {"created": 1},
        {"Created": None},
        {"Created": "yesterday"},
        {"Created": -1},
        {"Created": 0},
        {"Created": 1.5},
        {"Created": True},
        {"Created": 10**16},
        ["Created", 1],
    ],
)
def test_only_a_number_under_created_of_a_message_counts(message: Any) -> None:
    page = {"before": [message], "messages": [message, {"Created": 1774968031776}], "after": [{"Created": 1}]}
    assert scan(page) == 1774968031776


def test_a_text_of_the_length_of_a_key_is_never_copied() -> None:
    """No string is made of a message: what is allocated does not grow with it."""
    small, large = ({"messages": [{"Message": "x" * size, "Created": 5}]} for size in (10, 500_000))
    assert _peak(large) - _peak(small) < 10_000


def _peak(document: Any) -> int:
    page = memoryview(json.dumps(document).encode())
    tracemalloc.start()
    oldest_created(page)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
