"""Flags → options."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter import __version__
from exporter.flags import parse
from exporter.model.shard import Shard
from exporter.options import ExternalUrl, Options


def test_each_flag_has_a_default_and_a_place() -> None:
    assert parse([]) == Options(
        config_file=Path("config.yaml"),
        config_check=False,
        auto_reload=False,
        auto_reload_interval=30.0,
        once=False,
        demo=None,
        shard=Shard(0, 1),
        listen_addresses=(":10917",),
        telemetry_path="/metrics",
        external_url=None,
        route_prefix="",
        web_config_file=None,
        log_level="info",
        log_format="logfmt",
    )
    flags = """--config.file=a.yaml --config.check --config.enable-auto-reload --config.auto-reload-interval=100ms
        --accounts --accounts.cache-directory=lists --once --shard=9998 --total-shards=10000
        --web.listen-address=:1 --web.listen-address=[::1]:2 --web.config.file=web.yaml --log.format=JSON"""
    assert parse(flags.split()) == replace(
        parse([]),
        config_file=Path("a.yaml"),
        config_check=True,
        auto_reload=True,
        auto_reload_interval=0.1,
        once=True,
        shard=Shard(9998, 10_000),
        listen_addresses=(":1", "[::1]:2"),
        web_config_file=Path("web.yaml"),
        log_format="json",
        accounts=True,
        accounts_cache=Path("lists"),
    )
    assert parse(["--demo"]) == replace(parse([]), demo=12)
    assert parse(["--accounts.cache-directory=", "--web.config.file="]) == parse([])
    assert parse(["--config.auto-reload-interval=24h"]).auto_reload_interval == 86_400


@pytest.mark.parametrize("flag", ["--version", "--help", "-h"])
def test_what_only_prints_ends_well(flag: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([flag])
    said = f"zapi-exporter {__version__}\n" if flag == "--version" else "usage: zapi-exporter [-"
    assert ended.value.code == 0
    assert capfd.readouterr().out.startswith(said)


@pytest.mark.parametrize(
    ("flags", "external", "prefix"),
    [
        ([], None, ""),
        (["--web.external-url=https://ops.example/zapi/"], ("https", "ops.example", "/zapi"), "/zapi"),
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
    ("flag", "level"),
    [("warn", "warning"), ("WARN", "warning"), ("Debug", "debug"), ("warning", "warning")],
)
def test_a_level_is_taken_as_prometheus_spells_it(flag: str, level: str) -> None:
    assert parse([f"--log.level={flag}", "--log.format=JSON"]).log_level == level


A_PATH_OF_ITS_OWN = "expected a path that begins with / and that the exporter does not use itself"


@pytest.mark.parametrize("path", ["/metrics/", "/.metrics", "/a..b/m-1_~", "/-/ready/"])
def test_a_telemetry_path_may_be_any_other(path: str) -> None:
    assert parse([f"--web.telemetry-path={path}"]).telemetry_path == path


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--config.file="], "expected the name of a file, found an empty one"),
        (["--config.chec"], "unrecognized arguments: --config.chec"),
        (["--client-token=F5e5c9d8a7b6Sxx"], "unrecognized arguments: --client-token=<hidden>;"),
        (["--client-token", "F5e5c9d8a7b6Sxx"], "unrecognized arguments: --client-token <hidden>;"),
        (["--log.level=F5e5c9d8a7b6Sxx"], "argument --log.level: invalid choice: '<hidden>'"),
        (["--config.check=F5e5c9d8a7b6Sxx"], "argument --config.check: ignored explicit argument '<hidden>'"),
        (["--total-shards=" + "D7A1B2C3D4E5" * 5], "'<hidden>' is not a number of shards"),
        (["--accounts"], "--accounts requires --config.check"),
        (["--demo", "--config.check"], "--demo cannot be used with --config.check: the demo has its own"),
        (["--config.auto-reload-interval=99ms"], "'99ms' is not a duration from 100ms to 1d"),
        (["--config.auto-reload-interval=24h1ms"], "'24h1ms' is not a duration from 100ms to 1d"),
        (["--config.auto-reload-interval=" + "x." * 50], f"'{'x.' * 20}' is not a duration"),
        (["--demo=0"], "'0' is not a number of instances from 1 to 10000"),
        (["--demo=10001"], "'10001' is not a number of instances"),
        (["--log.level=trace"], "argument --log.level: invalid choice: 'trace'"),
        (["--shard=1"], "--shard=1 is not below --total-shards=1"),
        (["--shard=3", "--total-shards=3"], "--shard=3 is not below --total-shards=3"),
        (["--shard=10000"], "argument --shard: '10000' is not a shard from 0 to 9999"),
        (["--shard=-1"], "argument --shard: '-1' is not a shard"),
        (["--shard=zapi-0"], "argument --shard: 'zapi-0' is not a shard"),
        (["--shard="], "argument --shard: '' is not a shard"),
        (["--total-shards=0"], "argument --total-shards: '0' is not a number of shards"),
        (["--total-shards=1.5"], "argument --total-shards: '1.5' is not a number of shards"),
        (["--total-shards=²"], "argument --total-shards: '²' is not a number of shards"),
        (["--total-shards=" + "9" * 5000], "'<hidden>' is not a number of shards from 1 to 10000"),
        (["--web.route-prefix=" + "x." * 50], f"'{'x.' * 20}' is not a path such as /zapi"),
        *(
            ([f"--web.external-url={url}"], "such as")
            for url in (
                *("ops/zapi", "ftp://ops", "https://", "https://user:canary@ops", "https://ops:canary/"),
                *("https://ops/?canary", "https://ops/#canary"),
                *("https://ops/a b", "https://ops//a", "https://ops/./a"),
            )
        ),
        *(([f"--web.route-prefix={path}"], "such as") for path in ("zapi", "/a//b", "/a?b", "/a/..")),
        *(
            ([f"--web.telemetry-path={path}"], f"{A_PATH_OF_ITS_OWN}, such as /metrics; found '{path[:40]}'")
            for path in ("//metrics", "/a/../metrics", "/..", "/sd", "//" + "x." * 50)
        ),
    ],
)
def test_wrong_usage_is_one_line(flags: list[str], says: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(flags)
    (line,) = capfd.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith("zapi-exporter: ")
    assert line.endswith("; see --help")
    assert says in line
    assert "canary" not in line
