"""Lines through real pipes, read late, never, or by nobody."""

import contextlib
import os
import select
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from exporter.process.logs import LineWriter
from harness.waiting import wait_until

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


def line_writer(descriptor: int) -> LineWriter:
    return LineWriter(descriptor, lambda count: f"{count} dropped\n", most_waiting=MOST_WAITING)


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


def test_without_a_thread_whoever_logs_writes_and_tells_again_what_failed(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    def tell(count: int) -> str:
        counts.append(count)
        if len(counts) == 1:
            writer.write(too_long)
            raise MemoryError
        return f"{count} dropped\n"

    monkeypatch.setattr("threading.Thread.start", no_thread)
    counts, whole = list[int](), "x" * (MOST_WAITING - 1) + "\n"
    too_long = "x" + whole
    writer = LineWriter(pipe.writer, tell, most_waiting=MOST_WAITING)
    for line in (too_long, LINE, "and on it goes\n", whole):
        writer.write(line)
    assert pipe.read(whole) == f"{LINE}2 dropped\nand on it goes\n{whole}"
    assert (writer.dropped, counts) == (2, [1, 2])
