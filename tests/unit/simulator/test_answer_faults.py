"""Each fault of the application, seen from the other end of a raw socket."""

import gzip
import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from exporter.demo.faults import Fault
from exporter.demo.instances import SimulatedInstance
from simulator import answer_faults as answers
from simulator.faults import every_fault
from simulator.server import SimulatedZapi
from tests.clocks import ManualClock
from tests.unit.demo.raw_client import RawClient, me_path

Reply = tuple[int, dict[str, str], bytes]
Provoke = Callable[[Fault], Reply]


@pytest.fixture
def provoke(zapi: SimulatedZapi, instance: SimulatedInstance) -> Provoke:
    def reply(fault: Fault) -> Reply:
        zapi.set_fault(instance.id, fault)
        with RawClient(zapi) as client:
            client.ask(instance)
            return client.read_reply()

    return reply


def named(name: str) -> Fault:
    return every_fault(elsewhere="https://elsewhere.example")[name]


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("400 client-token not configured", 400, b'{"error":"your client-token is not configured"}'),
        ("403 client-token not allowed", 403, b'{"error": "Client-Token FACADE03 not allowed"}'),
        ("403 null not allowed", 403, b'{"error":"null not allowed"}'),
        ("404 instance not found", 404, b'{"error":"Instance not found"}'),
        ("400 instance not found", 400, b'{"error":"Instance not found"}'),
        ("200 instance not found", 200, b'{"error":"Instance not found"}'),
        ("200 value false", 200, b'{"value": false}'),
        ("405 method not allowed", 405, b'{"error":"Method Not Allowed"}'),
        ("415 unsupported media type", 415, b'{"error":"Unsupported Media Type"}'),
        ("429", 429, b'{"error":"Too Many Requests"}'),
        ("empty body", 200, b""),
        ("204", 204, b""),
    ],
)
def test_a_row_of_the_error_table_is_answered(provoke: Provoke, name: str, status: int, body: bytes) -> None:
    assert provoke(named(name))[::2] == (status, body)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_a_page_of_html(provoke: Provoke, status: int) -> None:
    answered, headers, body = provoke(named(f"{status} html"))
    assert (answered, headers["content-type"]) == (status, "text/html")
    assert b"<html>" in body


def test_html_can_come_with_200(provoke: Provoke) -> None:
    status, headers, body = provoke(named("html with 200"))
    assert (status, headers["content-type"]) == (200, "text/html")
    assert body.startswith(b"<!doctype html>")


def test_a_rate_limit_comes_without_or_with_any_retry_after(provoke: Provoke) -> None:
    assert "retry-after" not in provoke(named("429"))[1]
    for text in ("0", "7", "86400", "-5", "soon"):
        assert provoke(named(f"429 retry-after {text}"))[1]["retry-after"] == text
    assert provoke(named("429 retry-after empty"))[1]["retry-after"] == ""


@pytest.mark.parametrize(("name", "seconds"), [("a past date", -86400), ("a date a day ahead", 86400)])
def test_a_retry_after_date_is_counted_from_the_clock(
    provoke: Provoke, clock: ManualClock, name: str, seconds: int
) -> None:
    date = parsedate_to_datetime(provoke(named(f"429 retry-after {name}"))[1]["retry-after"])
    assert date.timestamp() == clock.time() + seconds


def test_redirects_lead_within_the_host_and_out_of_it_and_in_a_loop(
    provoke: Provoke, instance: SimulatedInstance
) -> None:
    assert provoke(named("302 redirect on the same host"))[:2] == (
        302,
        {"content-type": "application/json", "location": "/login", "content-length": "0"},
    )
    away = provoke(named("redirect to another host"))[1]["location"]
    assert away == f"https://elsewhere.example{me_path(instance)}"
    assert provoke(named("redirect loop"))[1]["location"] == me_path(instance)
    assert "location" not in provoke(named("redirect without location"))[1]


def parsed(reply: Reply) -> Any:
    return json.loads(reply[2])


def test_a_field_takes_any_value_and_the_others_stay_healthy(provoke: Provoke) -> None:
    reply = parsed(provoke(answers.me_with("due", "[1]", "an array")))
    assert (reply["due"], reply["connected"]) == ([1], True)


@pytest.mark.parametrize("field", answers.ME_FIELDS)
def test_every_field_comes_in_every_type_and_not_at_all(field: str) -> None:
    names = every_fault().keys()
    assert f"{field} is absent" in names
    assert {f"{field} is {kind}" for kind in answers.LITERALS} <= names


def test_an_absent_field_is_absent(provoke: Provoke) -> None:
    reply = parsed(provoke(answers.me_without("connected")))
    assert "connected" not in reply
    assert reply["id"] == "FACADE01"


@pytest.mark.parametrize("kind", answers.LITERALS)
def test_every_value_is_json(kind: str) -> None:
    json.loads(answers.LITERALS[kind])


def test_a_key_can_come_twice(provoke: Provoke) -> None:
    body = provoke(named("connected comes twice"))[2]
    assert b'"connected":true' in body
    assert body.endswith(b'"connected":false}')


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "9" * 700])
def test_a_number_can_be_hostile(provoke: Provoke, text: str) -> None:
    assert f'"due":{text},'.encode() in provoke(answers.me_with("due", text, "hostile"))[2]


def test_a_body_can_be_no_utf_8(provoke: Provoke) -> None:
    body = provoke(named("body not utf-8"))[2]
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert b'"caf\xe9"' in body


def test_a_byte_order_mark_stands_before_a_healthy_body(provoke: Provoke) -> None:
    body = provoke(named("byte order mark"))[2]
    assert json.loads(body.decode("utf-8-sig"))["connected"] is True
    assert body.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", ["deeply nested field", "deeply nested body", "deeply nested objects"])
def test_nesting_is_deeper_than_any_parser_goes_yet_below_the_size_limit(provoke: Provoke, name: str) -> None:
    body = provoke(named(name))[2]
    assert len(body) < 1 << 20
    assert max(body.count(b"["), body.count(b"{")) >= 150_000


def test_a_body_can_be_larger_than_a_mebibyte_and_say_so(provoke: Provoke) -> None:
    assert int(provoke(named("body of 2 MiB"))[1]["content-length"]) > 2 << 20


def test_an_id_can_be_anothers(provoke: Provoke) -> None:
    assert parsed(provoke(named("id is another instance's")))["id"] == "F00D"


def test_a_gzipped_answer_is_healthy_inside(provoke: Provoke) -> None:
    _, headers, body = provoke(named("gzipped"))
    assert headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(body))["connected"] is True


def test_a_chunked_answer_is_healthy_when_joined(zapi: SimulatedZapi, instance: SimulatedInstance) -> None:
    zapi.set_fault(instance.id, named("chunked"))
    joined = b""
    with RawClient(zapi) as client:
        client.ask(instance)
        assert b"Transfer-Encoding: chunked" in client.read_until(b"\r\n\r\n")
        while size := int(client.read_until(b"\r\n"), 16):
            joined += client.read(size)
            assert client.read(2) == b"\r\n"
    assert json.loads(joined)["connected"] is True


def test_a_continue_can_come_before_a_healthy_answer(
    zapi: SimulatedZapi, instance: SimulatedInstance
) -> None:
    zapi.set_fault(instance.id, named("one 100 continue first"))
    with RawClient(zapi) as client:
        client.ask(instance)
        assert client.read_reply()[0] == 100
        assert client.read_reply()[0] == 200


def test_a_late_answer_is_healthy(provoke: Provoke) -> None:
    assert parsed(provoke(answers.late(0.01)))["connected"] is True
