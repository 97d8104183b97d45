"""Equal replies are read once."""

import pytest

from exporter.model.poll_result import Failure, Status
from exporter.zapi.replies import MAX_KEPT, Replies
from tests.builders import an_instance

A, B = an_instance("A", instance_id="A"), an_instance("B", instance_id="B")
BODY = b'{"id":"A","connected":true,"name":"one"}'


def test_equal_bytes_give_the_very_status_that_was_read_before() -> None:
    replies = Replies()
    first = replies.read(BODY, A)
    assert isinstance(first, Status)
    assert replies.read(bytes(bytearray(BODY)), A) is first


def test_a_reply_that_changed_and_changed_back_is_read_each_time() -> None:
    replies = Replies()
    names = []
    for name in (b"one", b"two", b"one"):
        reading = replies.read(BODY.replace(b"one", name), A)
        assert isinstance(reading, Status)
        names.append(reading.display_name)
    assert names == ["one", "two", "one"]


def test_the_reply_of_one_instance_is_never_taken_for_another_s() -> None:
    replies = Replies()
    assert isinstance(replies.read(BODY, A), Status)
    assert isinstance(replies.read(BODY, B), Failure)


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"error":"Instance not found"}'])
def test_a_failure_is_not_remembered(body: bytes) -> None:
    replies = Replies()
    first = replies.read(body, A)
    assert isinstance(first, Failure)
    assert replies.read(body, A) is not first


@pytest.mark.parametrize(("length", "is_kept"), [(MAX_KEPT, True), (MAX_KEPT + 1, False)])
def test_a_long_reply_is_not_kept(length: int, is_kept: bool) -> None:
    replies, body = Replies(), BODY.ljust(length)
    first = replies.read(body, A)
    assert isinstance(first, Status)
    assert (replies.read(body, A) is first) is is_kept


def test_what_was_forgotten_is_read_again() -> None:
    replies = Replies()
    first = replies.read(BODY, A)
    replies.forget()
    assert replies.read(BODY, A) is not first


def test_a_new_token_is_looked_for_in_a_reply_that_was_read_before() -> None:
    replies = Replies()
    before = replies.read(BODY, A)
    after = replies.read(BODY, an_instance("A", instance_id="A", token="one"))
    assert isinstance(before, Status)
    assert isinstance(after, Status)
    assert (before.display_name, after.display_name) == ("one", None)
