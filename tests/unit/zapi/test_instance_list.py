"""What one page of an account's list says, in every form that must be reckoned with."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.account_list import ListedInstance, ListPage
from exporter.model.poll_result import Failure, Reason
from exporter.zapi.answer import Answer
from exporter.zapi.instance_list import read_list_answer, read_list_page

DOCUMENTED = {
    "id": "3C67",
    "token": "SECRET",
    "tenant": "T",
    "name": "vendas",
    "due": 1648565999675,
    "paymentStatus": "PAID",
    "created": "2024-01-15T10:30:00Z",
    "deliveryCallbackUrl": None,
    "phoneConnected": False,
    "whatsappConnected": False,
    "middleware": "web",
}


def page(*items: object, **fields: object) -> ListPage | Failure:
    reply = {"total": len(items), "totalPage": 1, "pageSize": 20, "page": 1, "content": items, **fields}
    return read_list_page(json.dumps(reply).encode())


def instances(*items: object) -> tuple[ListedInstance, ...]:
    read = page(*items)
    assert isinstance(read, ListPage)
    return read.instances


def reason(read: ListPage | Failure) -> Reason:
    assert isinstance(read, Failure)
    return read.reason


def test_a_page_as_it_is_documented_is_read() -> None:
    read = page(DOCUMENTED, total=31, totalPage=2)
    assert isinstance(read, ListPage)
    assert (read.total, read.pages) == (31, 2)
    (instance,) = read.instances
    assert (instance.id, instance.name, instance.created) == ("3C67", "vendas", 1705314600.0)
    assert instance.token is not None
    assert instance.token.reveal() == "SECRET"
    assert "SECRET" not in repr(read)


@pytest.mark.parametrize("total", [1, "1", " 1 ", 1.0])
def test_the_total_is_taken_in_every_form(total: object) -> None:
    read = page(DOCUMENTED, total=total)
    assert isinstance(read, ListPage)
    assert read.total == 1


@pytest.mark.parametrize("total", [None, -1, 1.5, "many", True, [], {}, 1e300, float(10**30)])
def test_a_page_without_a_total_is_a_failure(total: object) -> None:
    assert reason(page(DOCUMENTED, total=total)) is Reason.INVALID_RESPONSE


def test_a_list_that_says_to_be_endless_is_too_large() -> None:
    assert reason(page(DOCUMENTED, total=100_001)) is Reason.TOO_LARGE


@pytest.mark.parametrize("pages", [None, "x", -3, True])
def test_the_number_of_pages_may_be_missing(pages: object) -> None:
    read = page(DOCUMENTED, totalPage=pages)
    assert isinstance(read, ListPage)
    assert read.pages is None


@pytest.mark.parametrize("content", [[], None])
def test_an_account_may_have_no_instance(content: object) -> None:
    assert page(total=0, totalPage=0, content=content) == ListPage(0, 0, ())


@pytest.mark.parametrize("content", [None, {}, "x", 3])
def test_instances_that_are_no_list_are_a_failure(content: object) -> None:
    assert reason(page(total=3, content=content)) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize("token", [None, "", "  ", 17, True, [], "a b", "a\nb", "x" * 201])
def test_an_instance_without_a_usable_token_has_none(token: object) -> None:
    assert [item.token for item in instances({**DOCUMENTED, "token": token})] == [None]


@pytest.mark.parametrize("instance_id", [None, "", 17, [], {}, "a b", "a\x00", "\ud800", "x" * 201])
def test_what_has_no_usable_id_is_left_out(instance_id: object) -> None:
    assert instances({**DOCUMENTED, "id": instance_id}, "text", None, []) == ()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("vendas", "vendas"),
        (" Loja Nº 7 😀 ", "Loja Nº 7 😀"),
        ('a"b\\c\nd', 'a"b\\c\nd'),
        ("<script>", "<script>"),
        ("x" * 300, "x" * 200),
        (None, ""),
        ("", ""),
        (17, ""),
        ("\ud800", ""),
        ("a\x00b", ""),
    ],
)
def test_a_name_may_hold_anything(name: object, read: str) -> None:
    assert [item.name for item in instances({**DOCUMENTED, "name": name})] == [read]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Reason.INVALID_RESPONSE),
        (b"<html>", Reason.INVALID_RESPONSE),
        (b"[]", Reason.INVALID_RESPONSE),
        (b'{"error":"something new"}', Reason.INVALID_RESPONSE),
        (b'{"error":"Client-Token PARTNER not allowed"}', Reason.UNAUTHORIZED),
        (b'{"error":"203.0.113.7 not allowed"}', Reason.IP_NOT_ALLOWED),
        (b'{"total":1,"content":[' + b"[]," * 10_001 + b"1]}", Reason.INVALID_RESPONSE),
    ],
)
def test_a_success_that_is_no_page_has_its_reason(body: bytes, expected: Reason) -> None:
    assert reason(read_list_page(body)) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b'{"error":"Unauthorized"}', Reason.UNAUTHORIZED),
        (401, b"", Reason.FORBIDDEN),
        (403, b'{"error":"Forbidden"}', Reason.FORBIDDEN),
        (403, b"<html>", Reason.FORBIDDEN),
        (403, b'{"error":"Client-Token CANARY not allowed"}', Reason.UNAUTHORIZED),
        (404, b'{"error":"NOT_FOUND"}', Reason.NOT_FOUND),
        (404, b"<html>", Reason.BAD_STATUS),
        (429, b"", Reason.RATE_LIMITED),
        (302, b"", Reason.REDIRECTED),
        (500, b"<html>", Reason.SERVER_ERROR),
        (522, b"<html>", Reason.SERVER_ERROR),
    ],
)
def test_an_answer_that_is_no_success_has_its_reason(status: int, body: bytes, expected: Reason) -> None:
    read = read_list_answer(Answer(status, body, "7"), 0.0)
    assert isinstance(read, Failure)
    assert (read.reason, read.retry_after) == (expected, 7.0)
    assert "CANARY" not in read.detail


def test_a_page_with_the_status_created_is_a_page() -> None:
    assert read_list_answer(Answer(201, b'{"total":0,"content":[]}'), 0.0) == ListPage(0, None, ())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from([*DOCUMENTED, "total", "totalPage", "content", "error"]), _JSON), _JSON
)
def test_no_page_is_read_into_an_error(item: dict[str, Any], total: object) -> None:
    reply = {"total": total, "content": [item], **item}
    assert isinstance(read_list_page(json.dumps(reply).encode()), (ListPage, Failure))
