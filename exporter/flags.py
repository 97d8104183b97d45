"""The words of a command line → :class:`~exporter.options.Options`; help, version and wrong usage."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from exporter import __version__
from exporter.model.secret import hide_tokens
from exporter.model.shard import Shard
from exporter.options import DEFAULT_CONFIG, ExternalUrl, Options
from exporter.process import logs
from exporter.process.output import answer, complain

DEFAULT_AUTO_RELOAD_INTERVAL: Final = "30s"
DEFAULT_LISTEN_ADDRESS: Final = ":10917"
DEFAULT_DEMO_SIZE: Final = 12
MAX_DEMO_SIZE: Final = 10_000
MAX_SHARDS: Final = 10_000
MIN_INTERVAL: Final = 0.1
MAX_INTERVAL: Final = 86_400.0
RESERVED_PATHS: Final = frozenset({"/", "/probe", "/sd", "/-/healthy", "/-/ready", "/-/reload"})
_PATH: Final = r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._~-]+)+"
"""A path without empty, ``.`` and ``..`` segments, because clients remove ``.`` and ``..``."""
_FLAG: Final = r"\A--[a-z.-]+(?:=|\Z)"
OK: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; wrong usage ends the process with status 2."""
    parser = _parser(arguments)
    parsed = parser.parse_args(arguments)
    shard = Shard(parsed.shard, parsed.total_shards)
    if shard.index >= shard.total:
        parser.error(
            f"--shard={shard.index} is not below --total-shards={shard.total}: shards are counted from 0"
        )
    if parsed.accounts and not parsed.config_check:
        parser.error(
            "--accounts requires --config.check; without it the exporter reads the lists of accounts anyway"
        )
    if parsed.demo is not None and parsed.config_check:
        parser.error(
            "--demo cannot be used with --config.check: the demo has its own configuration; remove one of them"
        )
    parsed.route_prefix = _route_prefix(parsed.route_prefix, parsed.external_url)
    parsed.listen_addresses = tuple(parsed.listen_addresses or (DEFAULT_LISTEN_ADDRESS,))
    del parsed.total_shards
    return Options(**vars(parsed) | {"shard": shard})


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line, without the usage text, and without what may be a token in ``arguments``."""

    def __init__(self, arguments: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self._given = arguments

    def error(self, message: str) -> NoReturn:
        # No flag takes a secret, so operators try it.
        values = [re.sub(_FLAG, "", argument) for argument in self._given]
        complain(f"{self.prog}: {hide_tokens(message, values)}; see --help")
        sys.exit(WRONG_USAGE)


class _Answer(argparse.Action):
    """A flag that only prints a text to standard output."""

    def __init__(self, option_strings: list[str], dest: str, text: Callable[[], str], help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)
        self._text = text

    def __call__(self, *args: object) -> NoReturn:
        sys.exit(OK if answer(f"{self._text().rstrip()}\n", self.dest) else FAILED)


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        arguments,
        prog="zapi-exporter",
        description="Prometheus exporter for WhatsApp instances behind Z-API.",
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    config = parser.add_argument_group("configuration")
    config.add_argument(
        "--config.file",
        dest="config_file",
        type=_file,
        default=DEFAULT_CONFIG,
        metavar="FILE",
        help="the configuration file (default: %(default)s)",
    )
    config.add_argument(
        "--config.check",
        dest="config_check",
        action="store_true",
        help="validate the configuration, list every problem, and exit",
    )
    config.add_argument(
        "--config.enable-auto-reload",
        dest="auto_reload",
        action="store_true",
        help="reload when the content of the configuration, or of a file\nit refers to, changes",
    )
    config.add_argument(
        "--config.auto-reload-interval",
        dest="auto_reload_interval",
        type=_interval,
        default=DEFAULT_AUTO_RELOAD_INTERVAL,
        metavar="DURATION",
        help="how often to look for changes (default: %(default)s)",
    )
    accounts = parser.add_argument_group("accounts")
    accounts.add_argument(
        "--accounts",
        action="store_true",
        help="with --config.check: also read the lists of all accounts, and\n"
        "print a table of the instances that would be polled",
    )
    accounts.add_argument(
        "--accounts.cache-directory",
        dest="accounts_cache",
        type=_optional_file,
        metavar="DIRECTORY",
        help="store the last good list of each account in this directory, with the\n"
        "tokens of its instances (mode 0600); it is used at start until the\n"
        "list can be read",
    )
    what = parser.add_argument_group("mode")
    what.add_argument(
        "--once",
        action="store_true",
        help="poll every instance once, print the metrics (without process_* and\n"
        "python_*) and exit; status 2 if a poll failed or the list of an\naccount could not be read",
    )
    what.add_argument(
        "--demo",
        nargs="?",
        type=partial(_number, "number of instances", 1, MAX_DEMO_SIZE),
        const=DEFAULT_DEMO_SIZE,
        metavar="N",
        help="poll a simulated Z-API with N instances; needs no configuration\nand no credentials (default N: 12)",
    )
    what.add_argument(
        "--shard",
        type=partial(_number, "shard", 0, MAX_SHARDS - 1),
        default=0,
        metavar="I",
        help="poll only the instances of this shard, counted from 0\n(default: %(default)s)",
    )
    what.add_argument(
        "--total-shards",
        type=partial(_number, "number of shards", 1, MAX_SHARDS),
        default=1,
        metavar="N",
        help="number of shards that share the instances (default: %(default)s)",
    )
    web = parser.add_argument_group("web")
    web.add_argument(
        "--web.listen-address",
        dest="listen_addresses",
        action="append",
        metavar="ADDRESS",
        help=f"host:port or [::1]:port, repeatable (default: {DEFAULT_LISTEN_ADDRESS})",
    )
    web.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="path of the metrics (default: %(default)s)",
    )
    web.add_argument(
        "--web.external-url",
        dest="external_url",
        type=_external_url,
        metavar="URL",
        help="the URL under which the exporter is reached from outside, such as\nhttps://ops.example.com/zapi",
    )
    web.add_argument(
        "--web.route-prefix",
        dest="route_prefix",
        type=_prefix,
        metavar="PATH",
        help="prefix of all paths (default: the path of --web.external-url)",
    )
    web.add_argument(
        "--web.config.file",
        dest="web_config_file",
        type=_optional_file,
        metavar="FILE",
        help="file with TLS and passwords, in the web configuration format of\nthe Prometheus exporters",
    )
    log = parser.add_argument_group("log")
    log.add_argument(
        "--log.level",
        dest="log_level",
        type=_level,
        choices=logs.LEVELS,
        default="info",
        help="default: info",
    )
    log.add_argument(
        "--log.format",
        dest="log_format",
        type=str.lower,
        choices=logs.FORMATS,
        default="logfmt",
        help="default: logfmt",
    )
    parser.add_argument(
        "-h", "--help", action=_Answer, text=parser.format_help, help="show this help and exit"
    )
    parser.add_argument(
        "--version",
        action=_Answer,
        text=lambda: f"zapi-exporter {__version__}",
        help="show the version and exit",
    )
    return parser


def _interval(text: str) -> float:
    from exporter.config.validators import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if not MIN_INTERVAL <= seconds <= MAX_INTERVAL:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a duration from 100ms to 1d, such as 30s")
    return seconds


def _number(what: str, least: int, most: int, text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a {what} from {least} to {most}")
    return int(text)


def _level(text: str) -> str:
    """Take ``warn`` too, as the other exporters and Prometheus itself call it."""
    level = text.lower()
    return "warning" if level == "warn" else level


def _file(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("expected the name of a file, found an empty one")
    return Path(text)


def _optional_file(text: str) -> Path | None:
    """Return ``None`` for an empty name: other exporters are told in the same way to use no file."""
    return Path(text) if text else None


def _path(text: str) -> str:
    if not re.fullmatch(rf"{_PATH}/?", text) or text in RESERVED_PATHS:
        raise argparse.ArgumentTypeError(
            "expected a path that begins with / and that the exporter does not use itself, such as /metrics; "
            f"found {text[:40]!r}"
        )
    return text


def _external_url(text: str) -> ExternalUrl:
    from urllib.parse import urlsplit

    expected = "is not a URL such as https://ops.example.com/zapi, without user, query and fragment"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s@?#\x00-\x20\x7f]", text):
        raise argparse.ArgumentTypeError(expected)  # it may hold a password, and is not repeated
    return ExternalUrl(parts.scheme, parts.netloc, _prefix(parts.path))


def _prefix(text: str) -> str:
    prefix = text.rstrip("/")
    if prefix and not re.fullmatch(_PATH, prefix):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a path such as /zapi")
    return prefix


def _route_prefix(asked: str | None, external: ExternalUrl | None) -> str:
    if asked is not None:
        return asked
    return external.path if external else ""
