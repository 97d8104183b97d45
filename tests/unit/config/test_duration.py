"""Durations are those of Prometheus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.validators import MAX_SECONDS, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("0", 0.0), ("0s", 0.0), ("10s", 10.0), ("1m30s", 90.0), ("250ms", 0.25), ("90m", 5400.0)),
        *(("1y2w3d4h5m6s7ms", 33_019_506.007), ("292y", MAX_SECONDS)),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "10", "s", "1s1m", "1m1m", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s\n", "1S", "\u0661s", "1µs"),
        *("9" * 13 + "s", "9" * 5000 + "s", "292y1ms"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    why = "must be whole numbers with the units y, w, d, h, m, s and ms, in"
    with pytest.raises(ValueError, match="^is longer than 292 years$" if text == "292y1ms" else f"^{why}"):
        parse_duration(text)


@given(milliseconds=st.integers(0, int(MAX_SECONDS * 1000)))
def test_a_duration_that_was_written_reads_back(milliseconds: int) -> None:
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds
