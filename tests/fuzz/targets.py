"""What is fuzzed: a function that takes any bytes and raises where a promise is broken, and bytes to begin with."""

import json
import logging
import math
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from exporter.config import Config, InvalidConfig, load
from exporter.exposition.instances import render_one
from exporter.exposition.lines import Format
from exporter.fleet import Fleet
from exporter.journal import Journal
from exporter.me import MAX_TEXT, MAX_URL, OPTIONAL_FIELDS, read_me
from exporter.reading import SETTING_FIELDS, WEBHOOK_FIELDS, Failure, Reason, Status
from exporter.secret import Secret
from exporter.zapi.answer import (
    MAX_BODY,
    Answer,
    BodyTooLarge,
    BodyUnreadable,
    decoder,
    read_answer,
    retry_after_seconds,
)
from tests.builders import a_config, an_instance
from tests.clocks import ManualClock

FOUND: Final = Path(__file__).with_name("found")
"""One folder for each target, with what once broke it."""

_ID: Final = "3C67AB641C8AA0412F6A2242B4E23AC7"
_LAST_SECOND: Final = 253_402_300_799
_CANARY: Final = "c4n4ry"
_ENVIRON: Final = {"CANARY": _CANARY, "EMPTY": ""}
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # of YAML
_BAD_FILES: Final = Path(__file__).parent.parent / "config" / "bad"


@dataclass(frozen=True, slots=True)
class Target:
    """``check`` raises for bytes that break a promise; ``words`` are worth putting together."""

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...]


def check_me(body: bytes) -> None:
    """A body gives a reading, and the reading a place in the fleet, a log and both expositions."""
    reading = read_me(body, _ID)
    if isinstance(reading, Status):
        _check_status(reading)
    else:
        _check_failure(reading, body)
    instance = an_instance("vendas", instance_id=_ID, expected_webhooks=_EXPECTED)
    clock = ManualClock()
    fleet = Fleet(a_config(instance), clock, [Journal()])
    for each in (_BEFORE, reading, reading):
        fleet.record(instance, each, 0.1)
    for view in fleet.views():
        assert view.up is isinstance(reading, Status)
        for fmt in Format:
            lines = render_one(view, fmt, clock.time()).decode().removesuffix("\n").split("\n")
            assert all(line.startswith(("zapi_instance_", "# HELP zapi_", "# TYPE zapi_")) for line in lines)


def check_answer(data: bytes) -> None:
    """Any status, ``Retry-After`` and body give a reading: a line of the first two, then the body."""
    head, _, body = data.partition(b"\n")
    status, _, retry_after = head.decode("latin-1").partition(" ")
    number = int(status) if status.isascii() and status.isdigit() and len(status) < 4 else 429
    wait = retry_after_seconds(retry_after, 1.7e9)
    assert wait is None or (math.isfinite(wait) and wait >= 0)
    reading = read_answer(Answer(number, body, retry_after), _ID, 1.7e9)
    if isinstance(reading, Status):
        assert 200 <= number < 300
    else:
        _check_failure(reading, body)
    _check_unpacked(body)


def check_config(content: bytes, file: Path) -> None:
    """A file gives a configuration that holds together, or problems that a person can find and that show no secret."""
    file.write_bytes(content)
    try:
        config = load(file, _ENVIRON)
    except InvalidConfig as error:
        problems = error.problems
    else:
        _check_config(config)
        return
    assert problems
    lines = len(_LINE_BREAK.split(content.decode("utf-8", "replace")))
    for problem in problems:
        assert problem.file == str(file)
        assert 1 <= problem.line <= lines
        assert problem.message
        assert problem.path.isprintable()
        assert problem.message.isprintable()
        assert _CANARY not in str(problem) or _CANARY.encode() in content


def _check_unpacked(body: bytes) -> None:
    packed = decoder("gzip")
    try:
        for begin in range(0, len(body), 100):
            packed.take(body[begin : begin + 100])
        assert len(packed.whole()) <= MAX_BODY
    except (BodyTooLarge, BodyUnreadable):
        return


def _check_status(status: Status) -> None:
    for moment in (status.due, status.created):
        assert moment is None or 0 < moment <= _LAST_SECOND
    for text in (status.display_name, status.payment_status):
        assert text is None or (len(text) <= 3 * MAX_TEXT and text == text.strip() == text.encode().decode())
    assert status.unreadable <= set(OPTIONAL_FIELDS)
    assert status.settings.keys() <= SETTING_FIELDS.keys()
    assert status.webhooks.keys() <= WEBHOOK_FIELDS.keys()
    for webhook, field in WEBHOOK_FIELDS.items():
        url = status.webhooks.get(webhook)
        assert url is None or (field not in status.unreadable and 0 < len(url.reveal()) <= MAX_URL)


def _check_failure(failure: Failure, body: bytes) -> None:
    assert failure.reason in Reason
    assert failure.detail.isprintable()
    assert failure.detail
    assert "c4n4ry" not in failure.detail


def _check_config(config: Config) -> None:
    names = [instance.name for instance in config.instances]
    ids = [instance.id.casefold() for instance in config.instances]
    assert names
    assert len(set(names)) == len(names)
    assert len(set(ids)) == len(ids)
    assert config.polling.stale_after >= config.polling.interval > 0
    assert config.polling.concurrency >= 1
    assert config.api.timeout > 0
    assert config.api.base_url.lower().startswith(("http://", "https://"))
    for instance in config.instances:
        assert instance.token.reveal()
        assert instance.expected_webhooks.keys() <= WEBHOOK_FIELDS.keys()
        Fleet(config, ManualClock()).views()


def targets(folder: Path) -> Mapping[str, Target]:
    """All targets by name; ``folder`` is for files that they need."""
    return MappingProxyType(
        {
            "me": Target(check_me, tuple(_me_seeds()), tuple(_ME_WORDS)),
            "answer": Target(check_answer, tuple(_answer_seeds()), tuple(_ANSWER_WORDS)),
            "config": Target(
                partial(check_config, file=folder / "config.yaml"),
                tuple(_config_seeds()),
                tuple(_CONFIG_WORDS),
            ),
        }
    )


def _me_seeds() -> Iterable[bytes]:
    healthy = {
        "id": _ID,
        "token": "c4n4ry",
        "name": "Vendas São Paulo",
        "due": 1648565999675,
        "connected": True,
        "paymentStatus": "PAID",
        "created": "2024-01-15T10:30:00.250-03:00",
        **{field: f"https://app.example.com/{webhook}" for webhook, field in WEBHOOK_FIELDS.items()},
        **dict.fromkeys(SETTING_FIELDS.values(), "true"),
    }
    changes: Iterable[dict[str, object]] = (
        {},
        {"due": "329000002121", "created": 1704110400, "paymentStatus": "", "connected": "false"},
        {"due": None, "created": "2024-01-15", "receivedCallbackUrl": "", "deliveryCallbackUrl": None},
        {"error": "Client-Token c4n4ry not allowed"},
        {"error": "Instance not found"},
        {"name": "\ud800", "receivedCallbackUrl": "\udfff", "more": [[{}, [1.5, -2e3, None]]]},
        {"id": "F00D"},
    )
    for change in changes:
        yield json.dumps(healthy | change).encode()
    yield b"\xef\xbb\xbf" + json.dumps(healthy, ensure_ascii=False, indent=1).encode()
    yield b'{"connected": true, "connected": false, "due": NaN}'


def _answer_seeds() -> Iterable[bytes]:
    import gzip

    healthy = next(iter(_me_seeds()))
    yield b"200 \n" + healthy
    yield b"200 \n" + gzip.compress(healthy, mtime=0)
    for retry_after in (
        b"",
        b"7",
        b"86400",
        b"1.5",
        b"Wed, 21 Oct 2015 07:28:00 GMT",
        b"Sun, 06 Nov 9999 08:49:37 -0000",
    ):
        yield b"429 " + retry_after + b'\n{"error": "Too Many Requests"}'
    for status in (b"301", b"400", b"403", b"404", b"418", b"503"):
        yield status + b' \n{"error": "your client-token is not configured"}'


def _config_seeds() -> Iterable[bytes]:
    root = Path(__file__).parent.parent.parent
    yield (root / "config.example.yaml").read_bytes().replace(b"ZAPI_CLIENT_TOKEN", b"CANARY")
    for file in sorted(_BAD_FILES.glob("*.yaml")):
        if file.stat().st_size < 4096:
            yield file.read_bytes()


_BEFORE: Final = Status(
    connected=True, webhooks=dict.fromkeys(WEBHOOK_FIELDS), settings={}, payment_status="paid"
)
_EXPECTED: Final = {"received": None, "delivery": Secret("https://app.example.com/delivery")}
_ME_WORDS: Final = (
    *(f'"{field}":' for field in ("id", "token", "connected", "error", *OPTIONAL_FIELDS)),
    *(
        "true",
        "false",
        "null",
        '"true"',
        '""',
        "NaN",
        "1e999",
        "\\ud800",
        "\\u0000",
        "\\u202e",
        "[",
        "{",
        "]}",
    ),
    *('"2024-01-15T10:30:00Z"', "1704110400", "1648565999675", '"329000002121"', _ID, "T24:00", "+23:59"),
)
_ANSWER_WORDS: Final = (*_ME_WORDS, "GMT", "+0000", "-2400", "Wed, ", " Oct ", "9999", "\x1f\x8b\x08")
_CONFIG_WORDS: Final = (
    *("api:", "polling:", "payment:", "defaults:", "instances:", "  - name: ", "    id: ", "    token: "),
    *(
        "token_file: ",
        "client_token: ",
        "labels: {",
        "expected_webhooks: ",
        "base_url: ",
        "timeout: ",
        "interval: ",
    ),
    *(
        "concurrency: ",
        "stale_after: ",
        "paid_statuses: ",
        "ca_file: ",
        "received: ",
        "<<: ",
        "*a",
        "&a ",
        "!!str ",
    ),
    *(
        "${CANARY}",
        "${EMPTY:-x}",
        "$$",
        "10s",
        "1m30s",
        "https://[::1]:8/",
        "'",
        '"',
        "|\n",
        ">-\n",
        "? ",
        "---\n",
        "%",
    ),
)


def be_quiet() -> None:
    """Have nobody print what the exporter logs of millions of made-up replies."""
    logging.getLogger("exporter").addHandler(logging.NullHandler())


def scratch() -> Path:
    """A folder of its own for files of targets; it is not removed, as a crash may have to be looked into."""
    return Path(tempfile.mkdtemp(prefix="zapi-exporter-fuzz-"))
