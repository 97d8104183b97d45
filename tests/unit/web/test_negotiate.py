"""What is answered to each way of saying what one accepts."""

import pytest

from exporter.metrics.text_format import Format
from exporter.web.negotiate import accepts_gzip, exposition_format

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
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
        ("deflate, br", False),
    ],
)
def test_gzip_is_given_to_those_who_take_it(accept_encoding: str, expected: bool) -> None:
    assert accepts_gzip(accept_encoding) is expected
