"""What is fuzzed: a function that takes any bytes and raises where a promise is broken, and bytes to begin with."""

import contextlib
import logging
import math
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import h11

from exporter.config.load import load
from exporter.config.problem import InvalidConfig, Problem
from exporter.discovery.known_list import KnownList
from exporter.discovery.merge import Merger
from exporter.fleet.event_log import EventLog
from exporter.fleet.store import Fleet
from exporter.httpd.limits import Limits
from exporter.httpd.message import Refused, Response, read_head, write_head
from exporter.metrics.exposition import Format, InstanceLines, Scrapes, render_one
from exporter.metrics.self_metrics import Telemetry
from exporter.model.me_fields import OPTIONAL_FIELDS, SETTING_FIELDS, WEBHOOK_FIELDS
from exporter.model.poll_result import Failure, Reason, Status
from exporter.model.secret import Secret
from exporter.model.settings import Account, Config
from exporter.web.probe import Probe
from exporter.web.routes import App
from exporter.web.status_page.status_page import StatusPage
from exporter.webconfig.file import load as load_web_config
from exporter.zapi.failures import PollFailed, refusal, retry_after_seconds
from exporter.zapi.instance_list import read_list_page
from exporter.zapi.me import MAX_TEXT, MAX_URL, read_me
from exporter.zapi.reply import MAX_BODY, decode_body
from tests.builders import a_config, an_instance
from tests.clocks import ManualClock
from tests.system.fuzz import seeds
from tests.system.fuzz.seeds import INSTANCE_ID

FOUND: Final = Path(__file__).with_name("found")
"""One folder for each target, with what once broke it."""

_LAST_SECOND: Final = 253_402_300_799
_SLIPPED: Final = "S3cr3tC4n4ryF00D"
_CANARY: Final = "c4n4ry"
_ENVIRON: Final = {"CANARY": _CANARY, "EMPTY": ""}
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # of YAML

_Settings = TypeVar("_Settings")


@dataclass(frozen=True, slots=True)
class Target:
    """``check`` raises for bytes that break a promise; ``words`` are worth putting together."""

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...]


def check_me(body: bytes) -> None:
    """A body gives a reading, and the reading a place in the fleet, a log and both expositions."""
    reading = read_me(body, an_instance(instance_id=INSTANCE_ID))
    if isinstance(reading, Status):
        _check_status(reading)
    else:
        _check_failure(reading)
    instance = an_instance("vendas", instance_id=INSTANCE_ID, expected_webhooks=_EXPECTED)
    clock = ManualClock()
    fleet = Fleet(a_config(instance), clock, [EventLog()])
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
    instance = an_instance(instance_id=INSTANCE_ID)
    for reading in (read_me(body, instance), refusal(number, body, retry_after, 1.7e9)):
        if isinstance(reading, Failure):
            _check_failure(reading)
    with contextlib.suppress(PollFailed):
        assert len(decode_body("gzip", memoryview(body))) <= MAX_BODY


def check_config(content: bytes, file: Path) -> None:
    """A file gives a configuration that holds together, or problems that a person can find and that show no secret."""
    file.write_bytes(content)
    config, problems = _read(lambda: load(file, _ENVIRON))
    if config is not None:
        _check_config(config)
    lines = len(_LINE_BREAK.split(content.decode("utf-8", "replace")))
    for problem in problems:
        assert problem.file == str(file)
        assert problem.line <= lines
        assert _CANARY not in str(problem) or _CANARY.encode() in content


def check_web_config(content: bytes, file: Path) -> None:
    """A web configuration is taken, or its problems can be found by a person."""
    file.write_bytes(content)
    _read(lambda: load_web_config(file))


def check_secrecy(content: bytes, file: Path) -> None:
    """A secret at any place of either configuration is in no message. The first two bytes say where."""
    place, text = int.from_bytes(content[:2], "big"), content[2:].decode("utf-8", "replace")
    place %= len(text) + 1
    file.write_text(text[:place] + _SLIPPED + text[place:], encoding="utf-8", newline="")
    for problem in (*_read(lambda: load(file, _ENVIRON))[1], *_read(lambda: load_web_config(file))[1]):
        assert _SLIPPED not in str(problem)


def _read(read: Callable[[], _Settings]) -> tuple[_Settings | None, Sequence[Problem]]:
    """The settings, or problems that a person can find."""
    try:
        return read(), ()
    except InvalidConfig as error:
        problems = error.problems
    assert problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.message
        assert problem.path.isprintable()
        assert problem.message.isprintable()
    return None, problems


def check_request(data: bytes, app: App) -> None:
    """Whatever a client sends is refused or answered, and the page that repeats it stays one page."""
    http, limits = h11.Connection(h11.SERVER), Limits()
    http.receive_data(data)
    try:
        head = http.next_event()
        if not isinstance(head, h11.Request):
            return
        response = app(read_head(head, limits))
    except (h11.RemoteProtocolError, Refused):
        return
    assert isinstance(response, Response)
    write_head(response, {}, 1.7e9, close=True)
    assert response.status in (200, 204, 400, 403, 404, 405, 503)
    text = response.body.decode() if ("Content-Encoding", "gzip") not in response.headers else ""
    if response.content_type.startswith("text/"):
        assert text.count("<script") == text.startswith("<!DOCTYPE html>")


def _an_app() -> App:
    instance, clock = an_instance("vendas", labels={"team": "sales"}), ManualClock()
    lines = InstanceLines()
    fleet = Fleet(a_config(instance), clock, [lines])
    fleet.record(instance, _BEFORE, 0.1)
    page = StatusPage(version="1.2.3", telemetry_path="/metrics")
    scrapes = Scrapes(fleet, lines, Telemetry().registry, clock)
    return App(
        fleet=fleet,
        scrapes=scrapes,
        probe=Probe(fleet, scrapes, lambda name: None, lambda name: 0.0),
        reload=lambda: (),
        is_ready=lambda: False,
        page=lambda request: page.render(fleet.views(), clock.time(), request),
        telemetry_path="/metrics",
        scheme=lambda: "http",
    )


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


def _check_failure(failure: Failure) -> None:
    assert failure.reason in Reason
    assert failure.detail.isprintable()
    assert failure.detail
    assert "c4n4ry" not in failure.detail


def check_list(body: bytes) -> None:
    """A body gives a page or a failure, and a page instances that have each a name of its own."""
    page = read_list_page(body)
    if isinstance(page, Failure):
        _check_failure(page)
        return
    account = Account("matriz", Secret(_CANARY))
    instances = {instance.identity: instance for instance in page.instances}
    known = KnownList().after(tuple(instances.values()), 0.0)
    merged = Merger().merge(replace(a_config(), accounts=(account,)), {"matriz": known})
    _check_config(merged)
    for instance in merged.instances:
        assert instance.token.reveal()
        assert _CANARY not in instance.name + instance.id


def _check_config(config: Config) -> None:
    names = [instance.name for instance in config.instances]
    ids = [instance.id.casefold() for instance in config.instances]
    assert names or config.accounts or config.warnings
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
            "me": Target(check_me, tuple(seeds.me_seeds()), seeds.ME_WORDS),
            "answer": Target(check_answer, tuple(seeds.answer_seeds()), seeds.ANSWER_WORDS),
            "list": Target(check_list, tuple(seeds.list_seeds()), seeds.LIST_WORDS),
            "config": Target(
                partial(check_config, file=folder / "config.yaml"),
                tuple(seeds.config_seeds()),
                seeds.CONFIG_WORDS,
            ),
            "web_config": Target(
                partial(check_web_config, file=folder / "web.yaml"),
                tuple(seeds.web_config_seeds()),
                seeds.WEB_CONFIG_WORDS,
            ),
            "secrecy": Target(
                partial(check_secrecy, file=folder / "secrecy.yaml"),
                tuple(b"\0\x40" + seed for seed in (*seeds.config_seeds(), *seeds.web_config_seeds())),
                (*seeds.CONFIG_WORDS, *seeds.WEB_CONFIG_WORDS),
            ),
            "request": Target(
                partial(check_request, app=_an_app()), tuple(seeds.request_seeds()), seeds.REQUEST_WORDS
            ),
        }
    )


_BEFORE: Final = Status(
    connected=True, webhooks=dict.fromkeys(WEBHOOK_FIELDS), settings={}, payment_status="paid"
)
_EXPECTED: Final = {"received": None, "delivery": Secret("https://app.example.com/delivery")}


def be_quiet() -> None:
    """Have nobody print what the exporter logs of millions of made-up replies."""
    logging.getLogger("exporter").addHandler(logging.NullHandler())


def scratch() -> Path:
    """A folder of its own for files of targets; it is not removed, as a crash may have to be looked into."""
    return Path(tempfile.mkdtemp(prefix="zapi-exporter-fuzz-"))
