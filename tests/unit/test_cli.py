"""Flags → options."""

import pytest

from exporter.flags import parse
from exporter.options import ExternalUrl


@pytest.mark.parametrize(
    ("flags", "external", "prefix"),
    [
        ([], None, ""),
        (
            ["--web.external-url=https://ops.example.com/zapi/"],
            ("https", "ops.example.com", "/zapi"),
            "/zapi",
        ),
        (["--web.external-url=http://h:81"], ("http", "h:81", ""), ""),
        (["--web.external-url=http://[::1]:81/a/b"], ("http", "[::1]:81", "/a/b"), "/a/b"),
        (["--web.external-url=https://h/zapi", "--web.route-prefix=/"], ("https", "h", "/zapi"), ""),
        (["--web.route-prefix=/zapi/"], None, "/zapi"),
    ],
)
def test_the_prefix_is_the_external_path_unless_it_is_given(
    flags: list[str], external: tuple[str, str, str] | None, prefix: str
) -> None:
    options = parse(flags)
    assert options.external_url == (None if external is None else ExternalUrl(*external))
    assert options.route_prefix == prefix


@pytest.mark.parametrize(
    "flag",
    [
        "--web.external-url=ops.example.com/zapi",
        "--web.external-url=ftp://ops.example.com",
        "--web.external-url=https://",
        "--web.external-url=https://user:canary@ops.example.com",
        "--web.external-url=https://ops.example.com/?canary",
        "--web.external-url=https://ops.example.com/#canary",
        "--web.external-url=https://ops.example.com:canary/",
        "--web.external-url=https://ops.example.com/a b",
        "--web.external-url=https://ops.example.com//a",
        "--web.route-prefix=zapi",
        "--web.route-prefix=/a//b",
        "--web.route-prefix=/a?b",
        "--web.route-prefix=/a/..",
        "--web.external-url=https://ops.example.com/./a",
        "--web.telemetry-path=//metrics",
        "--web.telemetry-path=/a/../metrics",
        "--web.telemetry-path=/..",
    ],
)
def test_what_is_no_url_or_prefix_is_refused(flag: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([flag])
    said = capfd.readouterr().err
    assert ended.value.code == 2
    assert "such as" in said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("flag", "level"),
    [("warn", "warning"), ("WARN", "warning"), ("Debug", "debug"), ("warning", "warning")],
)
def test_a_level_is_taken_as_prometheus_spells_it(flag: str, level: str) -> None:
    assert parse([f"--log.level={flag}", "--log.format=JSON"]).log_level == level


@pytest.mark.parametrize("path", ["/metrics/", "/.metrics", "/a..b/m-1_~", "/-/ready/"])
def test_a_telemetry_path_may_be_any_other(path: str) -> None:
    assert parse([f"--web.telemetry-path={path}"]).telemetry_path == path


def test_an_empty_name_of_the_configuration_is_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--config.file="])
    assert "expected the name of a file, found an empty one" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--shard=1"], "--shard=1 is not below --total-shards=1"),
        (["--shard=3", "--total-shards=3"], "--shard=3 is not below --total-shards=3"),
        (["--shard=-1"], "argument --shard: '-1' is not a shard"),
        (["--shard=zapi-0"], "argument --shard: 'zapi-0' is not a shard"),
        (["--shard="], "argument --shard: '' is not a shard"),
        (["--total-shards=0"], "argument --total-shards: '0' is not a number of shards"),
        (["--total-shards=1.5"], "argument --total-shards: '1.5' is not a number of shards"),
        (["--total-shards=²"], "argument --total-shards: '²' is not a number of shards"),
        (["--total-shards=" + "9" * 5000], "is not a number of shards"),
    ],
)
def test_a_shard_that_cannot_be_is_wrong_usage_said_in_one_line(
    flags: list[str], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(flags)
    (line,) = capfd.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert says in line
