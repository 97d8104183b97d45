"""What the exporter says is read as it was meant."""

import pytest

from tests.system.faults.seen import in_exposition, in_log

EXPOSITION = """\
zapi_instance_up{name="a"} 1
zapi_instance_polls_total{name="a"} 3
zapi_instance_connected{name="a"} NaN
zapi_instance_up{name="b"} 0
zapi_instance_poll_failure{name="b",reason="tls"} 1
zapi_instance_polls_total{name="b"} 4
zapi_instance_polls_total{name="c"} 0
zapi_exporter_instances 3
"""


def test_an_exposition_tells_of_each_instance() -> None:
    seen = in_exposition(EXPOSITION)
    assert {name: (one.outcome, one.polls) for name, one in seen.items()} == {
        "a": ("success", 3),
        "b": ("tls", 4),
        "c": ("nothing", 0),
    }
    assert seen["a"].not_finite == ("zapi_instance_connected",)
    assert 'zapi_instance_poll_failure{reason="tls"}' in seen["b"].series


@pytest.mark.parametrize(
    ("fmt", "line"),
    [
        ("logfmt", 'level=info msg="polls are failing" instance="a \\"b\\" =" detail='),
        ("json", '{"level": "info", "msg": "polls are failing", "instance": "a \\"b\\" =", "detail": ""}'),
    ],
)
def test_both_log_formats_say_the_same(fmt: str, line: str) -> None:
    expected = {"level": "info", "msg": "polls are failing", "instance": 'a "b" =', "detail": ""}
    assert in_log(f"{line}\n", fmt) == [expected]


@pytest.mark.parametrize(
    ("fmt", "line"), [("logfmt", "Traceback (most recent call last):"), ("json", "Killed")]
)
def test_a_line_in_no_format_is_an_error(fmt: str, line: str) -> None:
    with pytest.raises(ValueError, match=r"logfmt|Expecting"):
        in_log(line, fmt)
