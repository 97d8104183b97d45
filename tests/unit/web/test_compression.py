"""Which answers are compressed, and what is told to caches."""

import gzip

import pytest

from exporter.httpd.http import Request, Response
from exporter.web.compression import WORTH_IT, compressing

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
