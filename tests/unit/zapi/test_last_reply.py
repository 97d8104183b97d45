"""Equal replies are read once."""

import pytest

from exporter.model.poll_result import Failure, Status
from exporter.zapi.client import MAX_KEPT, KnownInstance
from tests.builders import an_instance
from tests.unit.zapi.playing import a_request

BODY = b'{"id":"A","connected":true,"name":"one"}'


def known() -> KnownInstance:
    return KnownInstance(an_instance("A", instance_id="A"), a_request("http://zapi.example"))


def test_equal_bytes_give_the_very_status_that_was_read_before() -> None:
    instance = known()
    first = instance.read(BODY)
    assert isinstance(first, Status)
    assert instance.read(bytes(bytearray(BODY))) is first


def test_a_reply_that_changed_and_changed_back_is_read_each_time() -> None:
    instance = known()
    names = []
    for name in (b"one", b"two", b"one"):
        reading = instance.read(BODY.replace(b"one", name))
        assert isinstance(reading, Status)
        names.append(reading.display_name)
    assert names == ["one", "two", "one"]


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"error":"Instance not found"}'])
def test_a_failure_is_not_remembered(body: bytes) -> None:
    instance = known()
    first = instance.read(body)
    assert isinstance(first, Failure)
    assert instance.read(body) is not first


@pytest.mark.parametrize(("length", "is_kept"), [(MAX_KEPT, True), (MAX_KEPT + 1, False)])
def test_a_long_reply_is_not_kept(length: int, is_kept: bool) -> None:
    instance, body = known(), BODY.ljust(length)
    first = instance.read(body)
    assert isinstance(first, Status)
    assert (instance.read(body) is first) is is_kept
