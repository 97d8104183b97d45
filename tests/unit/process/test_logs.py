"""One line for each record, in both formats, whatever text it carries; and nobody else's lines."""

import contextlib
import io
import json
import logging
import os
import select
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.process import logs
from harness.waiting import wait_until
from tests.threads import threads_only

HOSTILE = 'two\nlines\r\x00\x1b[31m \u202e"quoted" back\\slash level=error \u2028 \U000e0000\U000e0001'


@pytest.fixture(autouse=True)
def _logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "<-03>3")  # no local time may be taken for UTC
    time.tzset()
    root, own = logging.getLogger(), logging.getLogger("exporter")
    before = (root.handlers, own.handlers, own.propagate, own.level)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    yield
    root.handlers, own.handlers, own.propagate = before[:3]
    own.setLevel(before[3])
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    monkeypatch.undo()
    time.tzset()


def written(fmt: str, message: str, **extra: object) -> str:
    stream = io.StringIO()
    logs.set_up("info", fmt, stream.write)
    logging.getLogger("exporter.room").info(message, extra=extra)
    return stream.getvalue()


def without_time(line: str) -> str:
    timestamp, _, rest = line.partition(" ")
    assert timestamp.startswith("ts=20")
    return rest


def test_the_time_of_a_line_is_when_it_was_said_in_utc() -> None:
    stream = io.StringIO()
    logs.set_up("info", "logfmt", stream.write)
    moment = {"created": 1_700_000_000.0, "msecs": 7.0}
    said = {**moment, "levelname": "INFO", "levelno": logging.INFO, "msg": "m"}
    logging.getLogger("exporter.room").handle(logging.makeLogRecord(said))
    assert stream.getvalue() == "ts=2023-11-14T22:13:20.007Z level=info msg=m\n"


def test_a_line_has_time_level_message_and_fields() -> None:
    fields = {"instance": "pós-venda", "attempts": 3, "path": Path("/a")}
    line = without_time(written("logfmt", "polls are failing", **fields))
    assert line == 'level=info msg="polls are failing" instance=pós-venda attempts=3 path=/a\n'
    head, _, rest = written("json", "polls are failing", **fields).partition("Z")
    assert head.startswith('{"ts": "20')
    assert rest == (
        '", "level": "info", "msg": "polls are failing", "instance": "pós-venda", "attempts": 3, "path": "/a"}\n'
    )


def test_lines_that_were_dropped_are_a_line_too() -> None:
    line = without_time(logs.count_dropped("logfmt", 3))
    assert line == 'level=warning msg="log lines were dropped: they were not read in time" lines=3\n'
    assert json.loads(logs.count_dropped("json", 4))["lines"] == 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("XL", "XL"),
        ("é b", '"é b"'),
        ("a=b", '"a=b"'),
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        (None, "None"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_a_logfmt_value_is_quoted_where_it_must_be(value: object, text: str) -> None:
    assert without_time(written("logfmt", "m", value=value)) == f"level=info msg=m value={text}\n"


@pytest.mark.parametrize("fmt", logs.FORMATS)
def test_no_text_forges_a_line_or_moves_the_cursor(fmt: str) -> None:
    line = written(fmt, HOSTILE, instance=HOSTILE)
    assert line.count("\n") == 1
    assert line.removesuffix("\n").isprintable()
    assert r"\udb40\udc00\udb40\udc01" in line


@given(st.text(), st.text())
def test_a_json_line_reads_back_as_what_was_said(message: str, value: str) -> None:
    line = written("json", "%s", instance=value).removesuffix("\n")
    assert line.isprintable()
    assert json.loads(line)["instance"] == value
    assert written("logfmt", message.replace("%", "%%"), instance=value).count("\n") == 1


@pytest.mark.parametrize("level", logs.LEVELS)
def test_lower_levels_and_libraries_are_not_written(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    logging.getLogger().handlers = []  # as outside of pytest: Python writes lines that no handler takes
    logs.set_up("debug", "json", pytest.fail)
    logs.set_up(level, "logfmt", stream.write)
    for name in ("exporter.room", "urllib3.connectionpool", "asyncio"):
        logger = logging.getLogger(name)
        for each in logs.LEVELS:
            logger.log(getattr(logging, each.upper()), "m")
    told = [without_time(line).split()[0] for line in stream.getvalue().splitlines()]
    assert told == [f"level={each}" for each in logs.LEVELS[logs.LEVELS.index(level) :]]
    assert capsys.readouterr().err == ""


def test_a_log_that_cannot_be_written_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def full_disk(text: str) -> int:
        raise OSError(28, "No space left on device")

    logs.set_up("info", "logfmt", full_disk)
    logging.getLogger("exporter.room").info("m")
    assert capsys.readouterr().err == ""


def boom() -> None:
    raise ValueError("CANARY")


def test_what_nobody_caught_is_one_line_without_text() -> None:
    """In the main thread, in another, or in a finalizer, whose line is one for debugging."""

    class Failing:
        def __del__(self) -> None:
            boom()

    stream = io.StringIO()
    logs.set_up("debug", "logfmt", stream.write)
    logs.guard_tracebacks()
    thread = threading.Thread(target=boom)
    thread.start()
    thread.join()
    with pytest.raises(ValueError, match="CANARY") as raised:
        boom()
    sys.excepthook(ValueError, raised.value, None)
    threading.excepthook(threading.ExceptHookArgs((ValueError, None, None, thread)))
    Failing()
    *lines, bare, last = map(without_time, stream.getvalue().splitlines())
    place = f"file={__file__} line={boom.__code__.co_firstlineno + 1}"
    assert bare == 'level=error msg="unexpected error, please report it" error=ValueError'
    assert lines == [f"{bare} {place}"] * 2
    assert last == 'level=debug msg="a finalizer failed" error=ValueError'


LINE = "x" * 99 + "\n"
MOST_WAITING = 1000


@dataclass
class Pipe:
    reader: int
    writer: int

    def read(self, until: str) -> str:
        """Read until the text ends so."""
        text = ""
        while not text.endswith(until):
            assert select.select([self.reader], [], [], 60)[0], text
            text += os.read(self.reader, 65536).decode()
        return text


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    yield Pipe(reader, writer)
    for end in (reader, writer):
        with contextlib.suppress(OSError):  # a test may have closed it
            os.close(end)


def line_writer(descriptor: int) -> logs.LineWriter:
    return logs.LineWriter(descriptor, lambda count: f"{count} dropped\n", most_waiting=MOST_WAITING)


def fill(pipe: Pipe) -> int:
    """Leave no room in the pipe, and return how many bytes are in it."""
    os.set_blocking(pipe.writer, False)
    size = 0
    try:
        while True:
            size += os.write(pipe.writer, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(pipe.writer, True)
        return size


def test_lines_are_written_in_their_order(pipe: Pipe) -> None:
    writer = line_writer(pipe.writer)
    for number in range(9):
        writer.write(f"linha {number} é única \udc80\n")
        writer.close(60)
    expected = [rf"linha {number} é única \udc80" for number in range(9)]
    assert pipe.read("8 é única \\udc80\n").splitlines() == expected
    assert {thread.daemon for thread in threading.enumerate() if thread.name == "log"} == {True}


@pytest.mark.parametrize("blocking", [True, False])
def test_a_full_pipe_stops_nobody_and_what_is_missing_is_counted(pipe: Pipe, blocking: bool) -> None:
    size = fill(pipe)
    os.set_blocking(pipe.writer, blocking)
    writer = line_writer(pipe.writer)
    for _ in range(25):
        writer.write(LINE)
    assert (writer.dropped, len(writer._waiting)) == (15, 11)
    os.read(pipe.reader, size)
    read = pipe.read("15 dropped\n")
    assert read == LINE * 10 + "15 dropped\n"
    writer.write("and on it goes\n")
    assert pipe.read("goes\n") == "and on it goes\n"
    assert writer.dropped == 15


def test_what_cannot_be_written_is_counted_and_told_later(pipe: Pipe) -> None:
    good, full = os.dup(pipe.writer), os.open("/dev/full", os.O_WRONLY)
    writer = line_writer(pipe.writer)
    for dropped in (1, 2):
        os.dup2(full, pipe.writer)
        writer.write(LINE)
        writer.close(60)
        assert writer.dropped == dropped
        os.dup2(good, pipe.writer)
        writer.write("there is room again\n")
        assert pipe.read("dropped\n") == "there is room again\n1 dropped\n"
    os.close(good)
    os.close(full)


def test_closing_waits_for_no_reader(pipe: Pipe) -> None:
    fill(pipe)
    writer = line_writer(pipe.writer)
    writer.write(LINE)
    writer.close(0.01)
    os.close(pipe.reader)
    wait_until(lambda: writer.dropped == 1)


def test_without_a_thread_whoever_logs_writes_and_tells_again_what_failed(pipe: Pipe) -> None:
    def tell(count: int) -> str:
        counts.append(count)
        if len(counts) == 1:
            writer.write(too_long)
            raise MemoryError
        return f"{count} dropped\n"

    counts, whole = list[int](), "x" * (MOST_WAITING - 1) + "\n"
    too_long = "x" + whole
    writer = logs.LineWriter(pipe.writer, tell, most_waiting=MOST_WAITING)
    with threads_only():
        for line in (too_long, LINE, "and on it goes\n", whole):
            writer.write(line)
    assert pipe.read(whole) == f"{LINE}2 dropped\nand on it goes\n{whole}"
    assert (writer.dropped, counts) == (2, [1, 2])
