"""What is answered to each way of saying what one accepts, what is compressed, and what caches are told."""

import gzip

import pytest

from exporter.httpd.message import Request, Response
from exporter.metrics.text_format import Format
from exporter.web.routes import WORTH_IT, accepts_gzip, compressing, exposition_format

LARGE = b"x" * WORTH_IT


def answer(response: Response, accept_encoding: str | None) -> Response:
    headers = {} if accept_encoding is None else {"accept-encoding": accept_encoding}
    return compressing(lambda request: response)(Request("GET", "/", {}, headers))


@pytest.mark.parametrize("accept_encoding", [None, "", "gzip;q=0", "br, gzip"])
def test_a_large_body_is_compressed_for_clients_that_take_gzip(accept_encoding: str | None) -> None:
    language = (("Vary", "Accept-Language"), ("Content-Language", "en"))
    whole = Response(200, LARGE[1:], headers=language, shared=(b"x",))
    got = answer(whole, accept_encoding)
    told = {"Vary": "Accept-Language, Accept-Encoding", "Content-Language": "en"}
    if accept_encoding == "br, gzip":
        assert dict(got.headers) == told | {"Content-Encoding": "gzip"}
        assert gzip.decompress(b"".join(got.pieces)) == LARGE
        assert got.size < len(LARGE) / 10
    else:
        assert (got.pieces, dict(got.headers)) == (whole.pieces, told)


def test_what_is_small_stays_as_it_is() -> None:
    small = Response(200, LARGE[1:])
    assert answer(small, "gzip") == small
    assert answer(Response(200, LARGE), "br").headers == (("Vary", "Accept-Encoding"),)


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
        ("application/openmetrics-text;q=0.6, text/*;q=0.8, */*;q=0.1", Format.TEXT),
        ("application/openmetrics-text, text/plain;q=5", Format.OPENMETRICS),
        (
            "application/openmetrics-text, application/openmetrics-text;q=0.1, text/plain;q=0.5",
            Format.OPENMETRICS,
        ),
        ("application/openmetrics-text;q=nan", Format.TEXT),
        (",;,;;q=,", Format.TEXT),
    ],
)
def test_the_format_is_the_one_the_client_likes_best(accept: str, expected: Format) -> None:
    assert exposition_format(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        *((header, True) for header in ("gzip", "GZIP;q=0.5, br", "*", "x-gzip")),
        *((header, False) for header in ("", "gzip;q=0", "gzip;q=nan", "gzip;q=0, *", "gzip;q=0, x-gzip")),
        *((header, False) for header in ("*;q=0", "identity, br", "x-gzip;q=0, *")),
    ],
)
def test_gzip_is_given_to_those_who_take_it(accept_encoding: str, expected: bool) -> None:
    assert accepts_gzip(accept_encoding) is expected
