"""What is answered to each way of saying what one accepts, what is compressed, and what caches are told."""

import gzip

import pytest

from exporter.httpd.message import Request, Response
from exporter.metrics.text_format import Format
from exporter.web.encoding import WORTH_IT, accepts_gzip, compressing, exposition_format

LARGE = b"an instance " * WORTH_IT


def answer(body: bytes, accept_encoding: str, *headers: tuple[str, str]) -> Response:
    asked = compressing(lambda request: Response(200, body, headers=headers))
    return asked(Request("GET", "/", {}, {"accept-encoding": accept_encoding}))


def test_a_client_that_takes_gzip_gets_the_same_body_smaller() -> None:
    got = answer(LARGE, "br, gzip")
    assert gzip.decompress(got.body) == LARGE
    assert len(got.body) < len(LARGE) / 10
    assert ("Content-Encoding", "gzip") in got.headers


@pytest.mark.parametrize("accept_encoding", ["", "identity", "br", "gzip;q=0"])
def test_a_client_that_does_not_gets_it_as_it_is(accept_encoding: str) -> None:
    got = answer(LARGE, accept_encoding)
    assert got.body == LARGE
    assert got.headers == (("Vary", "Accept-Encoding"),)


@pytest.mark.parametrize("accept_encoding", ["", "gzip"])
def test_caches_are_told_all_that_the_answer_depends_on(accept_encoding: str) -> None:
    got = answer(LARGE, accept_encoding, ("Vary", "Accept-Language"), ("Content-Language", "en"))
    assert dict(got.headers)["Vary"] == "Accept-Language, Accept-Encoding"
    assert dict(got.headers)["Content-Language"] == "en"


def test_what_is_small_stays_as_it_is() -> None:
    assert answer(b"[]", "gzip") == Response(200, b"[]")


PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_WITH_OPENMETRICS_OFF = "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        (CHROMIUM, Format.TEXT),
        (PROMETHEUS, Format.OPENMETRICS),
        (PROMETHEUS_WITH_OPENMETRICS_OFF, Format.TEXT),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("Application/OpenMetrics-Text ; Q=0.9 , text/plain;q=0.1", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0", Format.TEXT),
        ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Format.TEXT),
        ("application/openmetrics-text;q=nonsense, text/plain", Format.TEXT),
        ("image/png", Format.TEXT),
        (PROMETHEUS_3, Format.OPENMETRICS),
        ("application/openmetrics-text;version=2.0.0, text/plain;q=0.1", Format.TEXT),
        ('application/openmetrics-text;version="1.0.0", text/plain;q=0.1', Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.6, text/plain;version=1.0.0", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.6, text/plain;q=0.5, */*;q=0.8", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.6, */*;q=0.8", Format.TEXT),
        ("application/openmetrics-text;q=nan", Format.TEXT),
        (",;,;;q=,", Format.TEXT),
    ],
)
def test_the_format_is_the_one_the_client_likes_best(accept: str, expected: Format) -> None:
    assert exposition_format(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP;q=0.5, br", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("identity;q=0", False),
        ("x-gzip", True),
        ("gzip;q=nan", False),
        ("deflate, br", False),
    ],
)
def test_gzip_is_given_to_those_who_take_it(accept_encoding: str, expected: bool) -> None:
    assert accepts_gzip(accept_encoding) is expected
