"""What one page of an account's list says, in every form that must be reckoned with."""

import json

import pytest

from exporter.model.account_list import ListedInstance, ListPage
from exporter.model.poll_result import Failure, Reason
from exporter.zapi.instance_list import read_list_page, refusal_of_list
from tests.unit.zapi.outcome import reason

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


def test_a_page_as_it_is_documented_is_read() -> None:
    read = page(DOCUMENTED, total=31, totalPage=2)
    assert isinstance(read, ListPage)
    assert (read.total, read.pages) == (31, 2)
    (instance,) = read.instances
    assert (instance.id, instance.name, instance.created) == ("3C67", "vendas", 1705314600.0)
    assert instance.token is not None
    assert instance.token.reveal() == "SECRET"
    assert "SECRET" not in repr(read)


@pytest.mark.parametrize(
    ("said", "total"), [(1, 1), ("1", 1), (" 1 ", 1), (1.0, 1), (0, 0), (100_000, 100_000)]
)
@pytest.mark.parametrize(
    ("pages", "read"), [(2, 2), ("2", 2), (0, 0), (None, None), ("x", None), (-3, None), (True, None)]
)
def test_the_total_and_the_pages_are_taken_in_every_form(
    said: object, total: int, pages: object, read: int | None
) -> None:
    assert page(total=said, totalPage=pages) == ListPage(total, read, ())


@pytest.mark.parametrize("total", [None, -1, 1.5, "many", True, [], {}, 1e300, float(10**30)])
def test_a_page_without_a_total_is_a_failure(total: object) -> None:
    assert reason(page(DOCUMENTED, total=total)) is Reason.INVALID_RESPONSE


def test_a_list_that_says_to_be_endless_is_too_large() -> None:
    assert reason(page(DOCUMENTED, total=100_001)) is Reason.TOO_LARGE


@pytest.mark.parametrize(("total", "content"), [(3, None), (1, None), (3, {}), (0, {}), (3, "x"), (3, 3)])
def test_instances_that_are_no_list_are_a_failure(total: int, content: object) -> None:
    """But an account that has none may leave the list out."""
    assert page(total=0, content=None) == ListPage(0, 1, ())
    assert reason(page(total=total, content=content)) is Reason.INVALID_RESPONSE


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
        (b'{"error":"something new","total":0}', Reason.INVALID_RESPONSE),
        (b'{"error":"Client-Token PARTNER not allowed"}', Reason.UNAUTHORIZED),
        (b'{"error":"203.0.113.7 not allowed"}', Reason.IP_NOT_ALLOWED),
        (b'{"total":1,"content":[' + b"[]," * 10_001 + b"1]}", Reason.INVALID_RESPONSE),
    ],
)
def test_a_success_that_is_no_page_has_its_reason(body: bytes, expected: Reason) -> None:
    assert reason(read_list_page(body)) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (401, b'{"error":"Unauthorized"}', Reason.UNAUTHORIZED, "refused the partner token"),
        (401, b"", Reason.FORBIDDEN, "(HTTP 401); is the partner token right?"),
        (403, b'{"error":"Forbidden"}', Reason.FORBIDDEN, "(HTTP 403); is the partner token right?"),
        (
            403,
            b'{"error":"Client-Token CANARY not allowed"}',
            Reason.UNAUTHORIZED,
            "refused the partner token",
        ),
        (404, b'{"error":"NOT_FOUND"}', Reason.NOT_FOUND, "no list of instances for this partner token"),
        (404, b"<html>", Reason.BAD_STATUS, "no Z-API is found at api.base_url"),
        (429, b"", Reason.RATE_LIMITED, "limits the rate"),
        (522, b"<html>", Reason.SERVER_ERROR, "failed to answer"),
    ],
)
def test_an_answer_that_is_no_success_has_its_reason(
    status: int, body: bytes, expected: Reason, words: str
) -> None:
    read = refusal_of_list(status, body, "7", 0.0)
    assert (read.reason, read.retry_after) == (expected, 7.0)
    assert words in read.detail
    assert "CANARY" not in read.detail
