"""Files are read once for a load and compared afterwards; only regular ones of bounded size, which answer in time."""

import os
import socket
import threading
from collections import Counter
from pathlib import Path

import pytest

from exporter.config import files
from exporter.config.files import MAX_BYTES, FileReader, TrackedFiles, UnreadableFile, read_regular_file
from exporter.config.load import load
from harness.waiting import wait_until
from tests.threads import threads_only


def problem(path: Path, limit: int = 100) -> str:
    with pytest.raises(UnreadableFile) as raised:
        FileReader().read(path, limit)
    return str(raised.value)


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    (tmp_path / "link").symlink_to("file")
    assert FileReader().read(tmp_path / "link", 100) == b"x" * 100


def test_a_larger_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(1 << 40)
    assert problem(tmp_path / "file", 64 * 1024) == "is larger than 64 KiB"
    assert problem(tmp_path / "file", 1024 * 1024) == "is larger than 1 MiB"


def test_what_is_no_regular_file_is_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    assert problem(tmp_path / "pipe") == "is a named pipe, not a regular file"
    assert problem(tmp_path / "socket") == "is a socket, not a regular file"
    assert problem(tmp_path) == "is a directory, not a regular file"
    assert problem(Path("/dev/zero")) == "is a device, not a regular file"
    assert problem(tmp_path / "none") == "does not exist"
    assert problem(tmp_path / "a\0b") == "has a name that is not valid for a file"
    assert problem(tmp_path / "pipe" / "x") == "cannot be read: Not a directory"


def test_a_file_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, released = list[str](), threading.Event()

    def read(path: Path, limit: int) -> bytes:
        asked.append(path.name)
        assert path.name != "hangs" or released.wait(60)
        return read_regular_file(path, limit)

    monkeypatch.setattr(files, "read_regular_file", read)
    for name in ("hangs", "other"):
        (tmp_path / name).write_bytes(b"text")
    reader = FileReader(patience=0.05)
    with pytest.raises(
        UnreadableFile, match=r"^did not answer within 0\.05 s; is its file system available\?$"
    ):
        reader.read(tmp_path / "hangs", 10)
    for name in ("hangs", "other"):
        with pytest.raises(UnreadableFile, match=r"^cannot be read while another file does not respond$"):
            reader.read(tmp_path / name, 10)
    wait_until(lambda: asked != [])
    assert asked == ["hangs"], "no second thread waits for it"
    released.set()
    wait_until(lambda: _reads(reader, tmp_path / "other") and _reads(reader, tmp_path / "hangs"))


def _reads(reader: FileReader, path: Path) -> bool:
    try:
        return reader.read(path, 10) == b"text"
    except UnreadableFile:
        return False


def test_the_thread_ends_when_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_IDLE", 0.01)
    (tmp_path / "file").write_bytes(b"text")
    reader = FileReader()
    for _ in range(2):
        assert reader.read(tmp_path / "file", 10) == b"text"
        wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "files"])


def test_an_unexpected_error_reaches_who_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "read_regular_file", _fail)
    with pytest.raises(MemoryError):
        FileReader().read(tmp_path, 10)


def test_a_regular_file_that_gives_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of /proc call themselves regular files, and have a reader wait for more as a pipe does."""
    monkeypatch.setattr(files, "_check_kind", lambda status: None)
    os.mkfifo(tmp_path / "file")
    writer = os.open(tmp_path / "file", os.O_RDWR)
    with pytest.raises(UnreadableFile, match="gives no content"):
        FileReader().read(tmp_path / "file", 100)
    os.close(writer)


def test_a_thread_that_ended_is_replaced_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"text")
    reader = FileReader(patience=0.05)
    ended = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: ended.set())
    with monkeypatch.context() as patched:
        patched.setattr(files, "_fulfil", _fail)
        with pytest.raises(UnreadableFile, match="did not answer"):
            reader.read(tmp_path / "file", 100)
    assert ended.wait(60)
    wait_until(lambda: _reads(reader, tmp_path / "file"))


def _fail(*arguments: object) -> None:
    raise MemoryError


def test_a_lack_of_threads_is_told_and_may_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    reader = FileReader()
    with threads_only(), pytest.raises(UnreadableFile, match="too few threads"):
        reader.read(tmp_path / "file", 100)
    assert reader.read(tmp_path / "file", 100) == b"x"


def test_a_load_reads_each_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, reads = FileReader(), Counter[str]()

    def read(path: Path, limit: int) -> bytes:
        reads[path.name] += 1
        return read_regular_file(path, limit)

    monkeypatch.setattr(reader, "read", read)
    (tmp_path / "token").write_text("T")
    (tmp_path / "more.yaml").write_text("[{name: c, id: C, token_file: token}]")
    instances = "{name: a, id: A, token_file: token}, {name: b, id: B, token_file: ./token}"
    text = f"{'#' * MAX_BYTES}\ninstances: [{instances}]\ninstance_files: [more.yaml]\n"
    (tmp_path / "config.yaml").write_text(text)
    tracked = TrackedFiles(tmp_path, reader)
    load(tmp_path / "config.yaml", {}, tracked)
    assert reads == {"config.yaml": 1, "token": 1, "more.yaml": 1}
    assert tracked.all == (tmp_path / "config.yaml", tmp_path / "token", tmp_path / "more.yaml")
    assert tracked.secrets == (tmp_path / "token",)
    assert tracked.look() == tracked.held()
    load(tmp_path / "config.yaml", {}, tracked.unread())
    assert reads == {"config.yaml": 3, "token": 3, "more.yaml": 3}
