"""An answer's status and body, or an error of a connection → the reason and its words."""

import errno
import itertools
import json
import socket
import ssl
import time
from collections.abc import Callable

import pytest

from exporter.model.poll_result import Failure, Reading, Reason
from exporter.zapi.failures import (
    NoThreadLeft,
    connection_failure,
    proxy_refusal,
    refusal,
    refusal_of_collector,
    retry_after_seconds,
)
from exporter.zapi.me import read_me
from tests.builders import an_instance

NOW = 1_700_000_000.0
INSTANCE = an_instance("vendas", instance_id="A1", client_token="CANARY")
HTML = b"<!doctype html><html><title>Attention Required!</title></html>"
EVERY_STATUS = (
    *(200, 201, 206, 300, 302, 400, 401, 403, 404, 405, 409, 415),
    *(418, 429, 451, 500, 502, 503, 520, 599),
)


def read_own(body: bytes | bytearray) -> Reading:
    return read_me(body, INSTANCE)


def failure(
    status: int, body: bytes | str | dict[str, object] = b"", retry_after: str | None = None
) -> Failure:
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    reading = read_own(body) if 200 <= status < 300 else refusal(status, body, retry_after, NOW)
    assert isinstance(reading, Failure)
    assert "CANARY" not in reading.detail
    return reading


WORDS = {
    Reason.NOT_FOUND: ("Instance not found",),
    Reason.UNAUTHORIZED: (
        "your client-token is not configured",
        "Client-Token CANARY not allowed",
        "Client-Token null not allowed",
        "Client-Token 203.0.113.7 not allowed",
        "null not allowed",
        "the client token is missing",
        "undefined not allowed",
    ),
    Reason.SUBSCRIPTION_ENDED: ("To continue sending a message, you must subscribe to this instance again",),
    Reason.IP_NOT_ALLOWED: (
        *("203.0.113.7 not allowed", "2001:db8::7 not allowed", "::ffff:203.0.113.7 not allowed"),
        *("[2001:db8::7]:4711 not allowed", "203.0.113.7:4711 not allowed", "IP 203.0.113.7 not allowed"),
        *("203.0.113.7, 10.0.0.1 not allowed", "'203.0.113.7';<10.0.0.1> not allowed"),
    ),
}
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda words: words,
    "full stop": lambda words: f"{words}.",
    "full stop apart": lambda words: f"{words} . ",
    "upper case": str.upper,
    "lower case": str.lower,
    "odd spacing": lambda words: f"\n  {words}".replace(" ", "\t \u00a0"),
}


def test_words_of_z_api_count_at_any_status(subtests: pytest.Subtests) -> None:
    for reason, texts in WORDS.items():
        for words, (name, form) in itertools.product(texts, FORMS.items()):
            with subtests.test(words, form=name):
                body = json.dumps({"error": form(words)}).encode()
                for status in EVERY_STATUS:
                    assert failure(status, body).reason is reason
                    assert failure(status, b"\xef\xbb\xbf" + body).reason is reason


def test_a_client_token_that_is_missing_is_told_from_a_wrong_one() -> None:
    assert "none was sent" in failure(400, {"error": "your client-token is not configured"}).detail
    assert "refused the Client-Token" in failure(400, {"error": "Client-Token x not allowed"}).detail


@pytest.mark.parametrize(
    "words",
    [
        *(
            "Method Not Allowed",
            "not allowed",
            "Something not allowed",
            "5 not allowed",
            "999.1.1.1 not allowed",
        ),
        *("203.0.113.7 is fine", "subscribe", "Forbidden", "not found", "CANARYclienttoken", "client-tokens"),
    ],
)
def test_words_that_only_resemble_them_are_none_of_them(words: str) -> None:
    reasons = [failure(status, {"error": words}).reason for status in (405, 403, 500, 200)]
    assert reasons == [Reason.BAD_STATUS, Reason.FORBIDDEN, Reason.SERVER_ERROR, Reason.INVALID_RESPONSE]


@pytest.mark.parametrize("words", ["You are not connected.", "You are already connected"])
def test_a_state_with_a_status_that_is_no_success_is_told_by_the_status(words: str) -> None:
    reasons = [failure(status, {"connected": False, "error": words}).reason for status in (400, 503)]
    assert reasons == [Reason.BAD_STATUS, Reason.SERVER_ERROR]


NOT_JSON = (b"", b"  ", HTML, b"Forbidden", b"{", b"\xff\xfe{\x00}\x00")
JSON = (b"{}", b"[]", b'{"message":"Unauthorized"}', b'{"error":{"code":1}}', b'{"error":null}', b'"no"')


@pytest.mark.parametrize(
    ("status", "with_json", "without"),
    [
        (401, Reason.UNAUTHORIZED, Reason.FORBIDDEN),
        (403, Reason.FORBIDDEN, Reason.FORBIDDEN),
        (404, Reason.NOT_FOUND, Reason.BAD_STATUS),
    ],
)
def test_an_answer_without_json_is_not_taken_for_one_of_z_api(
    status: int, with_json: Reason, without: Reason
) -> None:
    assert {failure(status, body).reason for body in JSON} == {with_json}
    assert {failure(status, body).reason for body in NOT_JSON} == {without}
    assert ("api.base_url" in failure(status).detail) is (status == 404)


@pytest.mark.parametrize(
    ("statuses", "reason", "words"),
    [
        ((300, 301, 302, 303, 307, 308), Reason.REDIRECTED, "a redirect"),
        ((304, 305, 306, 399, 101, 199, 600, 999), Reason.BAD_STATUS, "says nothing of an instance"),
        (
            (400, 402, *range(405, 429), 431, 444, 451, 460, 494, 499),
            Reason.BAD_STATUS,
            "refused the request",
        ),
        ((429,), Reason.RATE_LIMITED, "limits the rate"),
        ((*range(500, 512), *range(520, 531), 598, 599), Reason.SERVER_ERROR, "failed to answer"),
    ],
)
def test_every_other_status_has_its_reason_with_any_body(
    statuses: tuple[int, ...], reason: Reason, words: str
) -> None:
    for status in statuses:
        assert {failure(status, body).reason for body in (*NOT_JSON, *JSON)} == {reason}, status
        assert words in failure(status).detail
        assert f"HTTP {status}" in failure(status).detail


@pytest.mark.parametrize("status", [302, 403, 429, 500, 503, 520])
def test_what_retry_after_asks_for_is_passed_on(status: int) -> None:
    assert failure(status, HTML, "7").retry_after == 7.0
    assert failure(status, HTML).retry_after is None
    assert failure(status, {"error": "203.0.113.7 not allowed"}, "7").retry_after == 7.0


def test_what_z_api_does_not_offer_is_told_from_an_unknown_instance() -> None:
    for status in (404, 405):
        assert refusal_of_collector(status, b"", "7", NOW) == Failure(
            Reason.NOT_FOUND, f"Z-API does not offer this for the instance (HTTP {status})"
        )
    dated = "Tue, 14 Nov 2023 22:13:27 GMT"
    assert refusal_of_collector(503, b"", dated, NOW) == failure(503, b"", "7")


@pytest.mark.parametrize(
    ("seconds", "headers"),
    [
        (0.0, ("0", "000", "Tue, 14 Nov 2023 22:13:20 GMT", "Mon, 13 Nov 2023 22:13:20 GMT")),
        (0.0, ("Wed Oct 21 07:28:00 2015", "Wednesday, 21-Oct-99 07:28:00 GMT")),
        (7.0, (" 7 ", "Tue, 14 Nov 2023 22:13:27 GMT")),
        (120.0, ("Tue, 14 Nov 2023 22:15:20 GMT", "Tue, 14 Nov 2023 22:15:20 -0000")),
        (120.0, ("Tue, 14 Nov 2023 19:15:20 -0300",)),
        (1e9, ("1000000000",)),
        (9_999_999_999.0, ("9" * 10, "9" * 11, "9" * 5000)),
        (None, (None, "", "-5", "1.5", "1e3", "soon", "7, 8", "\u0663", "\u00b2")),
        (None, ("Tue, 99 Nov 2023 22:15:20 GMT", "Wed, 21 Oct 2015 99:99:99 GMT")),
        (None, ("Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 +9999")),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/Sao_Paulo"])
def test_retry_after_is_seconds_or_a_date_never_less_than_0(
    monkeypatch: pytest.MonkeyPatch, zone: str, headers: tuple[str | None, ...], seconds: float | None
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        waited = [retry_after_seconds(header, NOW) for header in headers]  # Tue, 14 Nov 2023 22:13:20 GMT
    time.tzset()
    assert waited == [seconds] * len(headers)


UNKNOWN_AUTHORITY = "certificate is signed by an unknown authority; see api.ca_file"


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ((9,), "certificate is not valid yet; check the clock of this machine"),
        ((10,), "certificate has expired"),
        ((18, 19, 20, 21), UNKNOWN_AUTHORITY),
        ((23, 26, 66), "certificate is not valid"),
        ((62, 64), "certificate is for another host"),
    ],
)
@pytest.mark.parametrize("peer", ["server", "proxy"])
def test_openssl_says_by_a_number_what_is_wrong_with_a_certificate(
    codes: tuple[int, ...], words: str, peer: str
) -> None:
    """They are 9 not yet valid, 10 expired, 18 to 21 issuer unknown, 23 revoked, 26 purpose, 62 host, 64 address."""
    for code in codes:
        error = ssl.SSLCertVerificationError(1, "text of a library")
        error.verify_code = code
        assert connection_failure(error, at_server=peer == "server") == Failure(
            Reason.TLS, f"the {peer}'s {words}"
        )


CLOSED = (ConnectionResetError(), BrokenPipeError(), ConnectionAbortedError())


@pytest.mark.parametrize(
    ("errors", "at_server", "at_proxy"),
    [
        ([NoThreadLeft("x")], *["this machine has no thread left to look a name up on; raise its limit"] * 2),
        (
            [OSError(errno.EMFILE, "x"), OSError(errno.ENFILE, "x")],
            *["this machine has no file descriptor left; raise its limit"] * 2,
        ),
        (
            [socket.gaierror(1, "x")],
            *[f"the host name of {name} cannot be resolved" for name in ("api.base_url", "the proxy")],
        ),
        ([ConnectionRefusedError()], "the connection was refused", "the connection to the proxy was refused"),
        (
            [*CLOSED, ssl.SSLEOFError(), ssl.SSLZeroReturnError()],
            "the connection was closed before the reply was whole",
            "the proxy closed the connection before it was made",
        ),
        (
            [OSError(errno.ENETUNREACH, "x"), OSError(errno.EHOSTUNREACH, "x")],
            *["there is no route to the host", "there is no route to the proxy"],
        ),
        (
            [OSError(errno.EACCES, "x")],
            *["the connection could not be made", "the proxy did not make the connection"],
        ),
    ],
)
def test_an_error_of_the_machine_or_the_peer_is_told(
    errors: list[OSError], at_server: str, at_proxy: str
) -> None:
    for error in errors:
        assert connection_failure(error, at_server=True) == Failure(Reason.CONNECT, at_server)
        assert connection_failure(error, at_server=False) == Failure(Reason.CONNECT, at_proxy)


def test_other_errors_have_reasons_of_their_own() -> None:
    for at_server in (True, False):
        assert connection_failure(TimeoutError(), at_server=at_server).reason is Reason.TIMEOUT
        assert connection_failure(ssl.SSLError(1, "x"), at_server=at_server).reason is Reason.TLS


def test_a_proxy_that_refuses_a_password_is_told_from_one_that_fails() -> None:
    assert "the user and password of its URL" in proxy_refusal(407).detail
    assert proxy_refusal(502) == Failure(Reason.CONNECT, "the proxy did not make the connection (HTTP 502)")
