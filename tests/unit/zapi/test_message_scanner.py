"""The scanner of a page of messages finds what JSON says is there, and copies nothing else."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.zapi.message_queue import NotAPage, oldest_created

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
    assert scan({"messages": [message, {"Created": 1774968031776}]}) == 1774968031776


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
