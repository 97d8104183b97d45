"""Reading ``/me``: every form that is known, and nothing that is not."""

import itertools
import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.me_fields import WEBHOOK_FILTERS
from exporter.model.poll_result import Failure, Reason, Status
from exporter.model.secret import Secret
from exporter.zapi.json_values import MAX_VALUES
from exporter.zapi.me import read_me
from tests.builders import an_instance
from tests.unit.zapi.outcome import reason

ID = "3C67AB641C8AA0412F6A2242B4E23AC7"
TOKEN = "0A1B2C3D4E5F60718293A4B5"
CLIENT_TOKEN = "Fe56A0Ssegurança7b"
INSTANCE = an_instance(instance_id=ID, token=TOKEN, client_token=CLIENT_TOKEN)

RECORDED: dict[str, Any] = {
    "id": ID,
    "token": TOKEN,
    "name": "Vendas São Paulo",
    "due": 1704110400,
    "connected": True,
    "paymentStatus": "PAID",
    "created": "2024-01-15T10:30:00Z",
    "connectedCallbackUrl": "https://app.example.com/hooks/connected",
    "deliveryCallbackUrl": None,
    "disconnectedCallbackUrl": "",
    "messageStatusCallbackUrl": "https://app.example.com/hooks/status",
    "presenceChatCallbackUrl": "",
    "receivedCallbackUrl": "https://app.example.com/hooks/received?key=1",
    "receiveCallbackSentByMe": False,
    "callRejectAuto": "true",
    "callRejectMessage": "Não atendemos ligações.",
    "autoReadMessage": True,
    "initialDataCallbackUrl": None,
    "tenant": {"unknown": ["fields", "are", "normal"]},
}


def read(**changes: Any) -> Status | Failure:
    return read_me(json.dumps({**RECORDED, **changes}).encode(), INSTANCE)


def read_alone(**fields: Any) -> Status | Failure:
    return read_me(json.dumps(fields).encode(), INSTANCE)


def status(**changes: Any) -> Status:
    reading = read(**changes)
    assert isinstance(reading, Status)
    return reading


def refusal(**changes: Any) -> Reason | None:
    return reason(read(**changes))


def test_a_recorded_reply_is_read_whole() -> None:
    assert status() == Status(
        connected=True,
        display_name="Vendas São Paulo",
        due=1704110400.0,
        created=1705314600.0,
        payment_status="paid",
        webhooks={
            "connected": Secret("https://app.example.com/hooks/connected"),
            "delivery": None,
            "disconnected": None,
            "message_status": Secret("https://app.example.com/hooks/status"),
            "presence_chat": None,
            "received": Secret("https://app.example.com/hooks/received?key=1"),
            "initial_data": None,
        },
        settings={"auto_read_message": True, "call_reject_auto": True, "receive_callback_sent_by_me": False},
        unreadable=frozenset(),
    )


TIMES = (
    (1, 1),
    (1704110400, 1704110400),
    (1704110400.5, 1704110400.5),
    (1648565999675, 1648565999.675),
    ("1704110400", 1704110400),
    ("1704110400.123456789", 1704110400.123456789),
    (99_999_999_999, 99_999_999_999),
    (100_000_000_000, 100_000_000),
    (253_402_300_799_000, 253_402_300_799),
    ("329000002121", 329000002.121),
    (" 1648565999675 ", 1648565999.675),
    ("2024-01-15T10:30:00Z", 1705314600),
    ("2024-01-15T10:30:00.250Z", 1705314600.25),
    ("2024-01-15T10:30:00.1234567Z", 1705314600.1234567),
    ("2024-01-15T07:30:00-03:00", 1705314600),
    ("2024-01-15T06:45:00-0345", 1705314600),
    ("2024-01-15T16:00:00 +05:30", 1705314600),
    ("2024-01-15t10:30:00z", 1705314600),
    ("2024-01-15 10:30:00", 1705314600),
    ("2024-01-15T10:30", 1705314600),
    ("2024-01-15", 1705276800),
)
NO_TIMES: tuple[object, ...] = (
    *(True, [], {}, "soon", "-5", -5, 0, "0", 10**400, 1e308, "1e9", "9" * 300, 253_402_300_800_000),
    *("1704110400.1234567891", "2024-13-01", "2024-01-15T25:00Z", "2024-01-15T10:30:00+99:99"),
    *("١٧٠٤١١٠٤٠٠", "1704110400;", "0001-01-01"),
)


def test_a_timestamp_is_read_in_every_known_form(subtests: pytest.Subtests) -> None:
    for field, (form, seconds) in itertools.product(("due", "created"), TIMES):
        with subtests.test(field, form=form):
            assert getattr(status(**{field: form}), field) == pytest.approx(seconds, abs=1e-6)


def test_an_unknown_form_of_a_timestamp_is_unreadable_and_never_a_number(subtests: pytest.Subtests) -> None:
    for field, form in itertools.product(("due", "created"), NO_TIMES):
        with subtests.test(field, form=str(form)[:40]):
            reading = status(**{field: form})
            assert getattr(reading, field) is None
            assert reading.unreadable == {field}


@pytest.mark.parametrize("field", ["due", "created", "name", "paymentStatus", "callRejectAuto"])
def test_null_is_absent_and_not_unreadable(field: str) -> None:
    assert status(**{field: None}).unreadable == frozenset()


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_timestamp_is_absent(empty: str) -> None:
    reading = status(created=empty)
    assert (reading.created, reading.unreadable) == (None, frozenset())


@pytest.mark.parametrize(
    ("form", "connected"), [(True, True), (False, False), ("true", True), ("False", False)]
)
def test_connected_is_a_boolean_or_its_name(form: object, connected: bool) -> None:
    assert status(connected=form).connected is connected


@pytest.mark.parametrize("form", [None, 1, 0, "yes", "", [], {}, "1"])
def test_a_reply_that_does_not_say_whether_it_is_connected_is_invalid(form: object) -> None:
    assert refusal(connected=form) is Reason.INVALID_RESPONSE
    assert refusal(connected=form, error="You are not connected.") is Reason.INVALID_RESPONSE
    assert reason(read_alone(id=ID)) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("", [None, "", "  "]),
        ("overdue", [" Overdue "]),
        ("x" * 200, ["x" * 200]),
        (None, [5, True, [], "x" * 201, "\ud800"]),
    ],
)
def test_a_payment_status_is_a_short_text_or_none(text: str | None, forms: list[object]) -> None:
    for form in forms:
        reading = status(paymentStatus=form)
        assert reading.payment_status == text
        assert reading.unreadable == ({"paymentStatus"} if text is None else frozenset())


LONGEST_URL = "https://".ljust(2048, "x")


@pytest.mark.parametrize(
    ("form", "url"), [(None, None), ("", None), (" ", None), (LONGEST_URL, Secret(LONGEST_URL))]
)
def test_a_webhook_has_the_url_that_is_set(form: str | None, url: Secret | None) -> None:
    assert status(receivedCallbackUrl=form).webhooks["received"] == url


@pytest.mark.parametrize("form", [7, [], LONGEST_URL + "x"])
def test_a_webhook_that_is_no_text_or_endless_is_unreadable(form: object) -> None:
    reading = status(receivedCallbackUrl=form)
    assert "received" not in reading.webhooks
    assert reading.unreadable == {"receivedCallbackUrl"}


def test_a_documented_webhook_whose_field_is_absent_is_not_set() -> None:
    reading = read_alone(connected=True, receivedStatusCallbackUrl=None)
    assert isinstance(reading, Status)
    assert reading.webhooks == {**dict.fromkeys(status().webhooks), "received_status": None}
    assert "received_status" not in status().webhooks


@pytest.mark.parametrize(
    ("form", "muted"),
    [
        ([], frozenset()),
        (["FILTER_RECEIVED_CALLBACK"], {"received"}),
        ([" filter_received_callback "], {"received"}),
        (["FILTER_RECEIVED_CALLBACK"] * 2, {"received"}),
        (list(WEBHOOK_FILTERS), set(WEBHOOK_FILTERS.values())),
    ],
)
def test_filters_say_which_webhooks_are_muted(form: object, muted: set[str]) -> None:
    reading = status(callbackTypeFilters=form)
    assert reading.muted == frozenset(muted)
    assert reading.unreadable == frozenset()


@pytest.mark.parametrize(
    "form", ["FILTER_RECEIVED_CALLBACK", "", {}, 7, True, [["FILTER_RECEIVED_CALLBACK"]], [None], [1, "x"]]
)
def test_filters_in_another_form_are_unreadable(form: object) -> None:
    reading = status(callbackTypeFilters=form)
    assert reading.muted is None
    assert reading.unreadable == {"callbackTypeFilters"}


def test_a_filter_that_is_not_known_leaves_the_others_readable() -> None:
    reading = status(callbackTypeFilters=["FILTER_OF_TOMORROW", "FILTER_DELIVERY_CALLBACK"])
    assert reading.muted == frozenset({"delivery"})
    assert reading.unreadable == {"callbackTypeFilters"}


def test_a_setting_of_the_wrong_type_is_unreadable() -> None:
    reading = status(autoReadMessage="maybe")
    assert "auto_read_message" not in reading.settings
    assert reading.unreadable == {"autoReadMessage"}


@pytest.mark.parametrize(
    ("outcome", "forms"),
    [
        (None, [ID.lower(), f" {ID} ", f"\u00a0{ID}\n", None, "", "  "]),
        # others, a longer one, and letters that are invisible, wide or look alike
        (
            Reason.WRONG_INSTANCE,
            ["F" * 32, ID[:-1], f"{ID}0", f"{ID}\u200b", f"{ID[:-1]}\uff17", f"\u0417{ID[1:]}"],
        ),
        (Reason.INVALID_RESPONSE, [7, 0, True, False, [], [ID], {}, {"id": ID}]),
    ],
)
def test_an_id_is_the_same_or_says_nothing(outcome: Reason | None, forms: list[object]) -> None:
    assert {refusal(id=form) for form in forms} == {outcome}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("Instance not found", Reason.NOT_FOUND),
        ("your client-token is not configured", Reason.UNAUTHORIZED),
        ("Client-Token ABC not allowed", Reason.UNAUTHORIZED),
        ("null not allowed", Reason.UNAUTHORIZED),
        ("something new", Reason.INVALID_RESPONSE),
        ({"code": 1}, Reason.INVALID_RESPONSE),
        (True, Reason.INVALID_RESPONSE),
    ],
)
def test_a_reply_that_says_an_error_fails_by_its_meaning(error: object, expected: Reason) -> None:
    assert refusal(error=error) is expected
    assert reason(read_alone(value=False, error=error)) is expected


@pytest.mark.parametrize(
    "number", [b"9" * 20, b"9" * 5000, b"9" * 1_000_000, b"1e999", b"-0.0"], ids=range(5)
)
def test_a_number_of_any_length_costs_nothing_but_its_own_field(number: bytes) -> None:
    body = b'{"connected": true, "paymentStatus": "paid", "due": ' + number + b"}"
    read = read_me(body, INSTANCE)
    assert isinstance(read, Status)
    assert (read.due, read.payment_status) == (None, "paid")
    assert read.unreadable == {"due"}


@pytest.mark.parametrize(
    ("error", "connected"),
    [
        ("You are not connected.", False),
        ("You are not connected", False),
        ("  you ARE\u00a0not  connected . ", False),
        ("You are already connected", True),
        ("You are already connected.", True),
        ("You need to restore the session.", False),
        ("You need to restore the session", False),
        ("You are not connected.", True),
    ],
)
def test_an_error_that_is_a_state_leaves_it_to_connected(error: str, connected: bool) -> None:
    assert status(connected=connected, error=error).connected is connected


def test_a_reply_of_nothing_but_a_state_says_nothing_of_webhooks() -> None:
    reading = read_alone(connected=False, error="You are not connected.")
    assert isinstance(reading, Status)
    assert status(error="You are not connected.") == status()
    assert (reading.connected, dict(reading.webhooks), reading.muted) == (False, {}, None)
    assert reading.unreadable == frozenset()


@pytest.mark.parametrize("value", [False, "false", " False "])
def test_a_reply_that_says_value_false_failed_whatever_else_it_says(value: object) -> None:
    assert refusal(value=value) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("field", "forms"),
    [
        ("value", [True, None, "true", 0, "x"]),
        ("error", [None, "", "  ", False]),
        ("callbackTypeFilters", [None]),
    ],
)
def test_a_field_that_says_nothing_changes_nothing(field: str, forms: list[object]) -> None:
    assert all(status(**{field: form}) == status() for form in forms)


FIELDS_OF_TEXT = ("name", "paymentStatus", "receivedCallbackUrl", "due", "created", "autoReadMessage")


def test_text_that_repeats_a_secret_is_unreadable(subtests: pytest.Subtests) -> None:
    forms = ("{}", "Loja {} (nova)", "https://app.example.com/{}/hook", " {}")
    for field, secret, form in itertools.product(FIELDS_OF_TEXT, (TOKEN, CLIENT_TOKEN), forms):
        with subtests.test(field, form=form, secret=secret):
            reading = status(**{field: form.format(secret)})
            assert reading.unreadable == {field}
            assert secret not in repr(reading)
            assert reading.display_name == (None if field == "name" else "Vendas São Paulo")
            assert reading.payment_status == (None if field == "paymentStatus" else "paid")
            assert ("received" in reading.webhooks) is (field != "receivedCallbackUrl")


@pytest.mark.parametrize("form", [[TOKEN], ["FILTER_RECEIVED_CALLBACK", TOKEN], TOKEN])
def test_a_secret_among_the_filters_is_not_kept(form: object) -> None:
    reading = status(callbackTypeFilters=form)
    assert reading.unreadable == {"callbackTypeFilters"}
    assert TOKEN not in repr(reading)


NOT_ONE_OBJECT = (
    *(b"", b"   ", b"<html>", b"[]", b'"connected"', b"null", b"{", b'{"connected": true} {}'),
    b'{"connected": true, "due": NaN}',
    b'{"connected": true, "due": Infinity}',
    b'{"connected": true, "connected": false}',
    b'{"connected": true, "name": "\xe9"}',
    b'{"value": false, "connected": true}',
    b'{"connected": true, "x": {"a": 1, "a": 2}}',
    b'{"connected": true, "\\u0063onnected": false}',
    b'{"connected": true, "name": "a\x01b"}',
    *(b'{"connected":true,}', b'/* */{"connected":true}', b"{'connected':true}", b'cb({"connected":true})'),
    *(
        b')]}\',\n{"connected":true}',
        b'\xc2\xa0{"connected":true}',
        b'\xef\xbb\xbf\xef\xbb\xbf{"connected":true}',
    ),
    *('{"connected":true}'.encode(code) for code in ("utf-16", "utf-16-le")),
    *(b'{"a":' * 9_000, b"[" * 9_000, b'{"x":' + b"[" * 4_000 + b"]" * 4_000 + b"}", b"[" * 100_000),
)


def test_anything_but_one_json_object_is_invalid(subtests: pytest.Subtests) -> None:
    for body in NOT_ONE_OBJECT:
        with subtests.test(str(body[:40])):
            assert reason(read_me(body, INSTANCE)) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("value", "is_read"),
    [
        ([0] * (MAX_VALUES + 1), False),
        ([[]] * (MAX_VALUES // 2 + 1), False),
        ([{}] * (MAX_VALUES // 2 + 1), False),
        (dict.fromkeys(map(str, range(MAX_VALUES))), False),
        ([0] * (MAX_VALUES - 30), True),
        (dict.fromkeys(map(str, range(MAX_VALUES - 30))), True),
    ],
    ids=range(6),
)
def test_a_reply_of_too_many_values_is_invalid_before_decoding(value: object, is_read: bool) -> None:
    reading = read(more=value)
    assert (reading == status()) is is_read
    assert is_read or "too many values" in str(reading)


def test_a_byte_order_mark_is_ignored() -> None:
    assert read_me(b"\xef\xbb\xbf" + json.dumps(RECORDED).encode(), INSTANCE) == status()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(sorted(RECORDED)), json_values))
def test_any_json_gives_a_reading_and_no_number_that_was_not_in_it(fields: dict[str, Any]) -> None:
    body = json.dumps({**RECORDED, **fields})
    reading = read_me(body.encode(), INSTANCE)
    if isinstance(reading, Failure):
        return
    for field in ("due", "created"):
        value = getattr(reading, field)
        said = fields.get(field, RECORDED[field])
        assert value is None or (math.isfinite(value) and _says(said, value))


def _says(said: object, value: float) -> bool:
    if isinstance(said, str) and re.match(r"\d{4}-", said):
        return True
    number = float(said)  # type: ignore[arg-type]
    return value in (number, number / 1000)
