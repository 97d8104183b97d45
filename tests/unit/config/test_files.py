"""The files of a load: read once each, and compared afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.config.file_reader import FileReader, UnreadableFile
from exporter.config.files import TrackedFiles
from exporter.config.load import load


class CountingReader(FileReader):
    """Counts how often each file is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: dict[str, int] = {}

    def read(self, path: Path, limit: int) -> bytes:
        self.reads[path.name] = self.reads.get(path.name, 0) + 1
        return super().read(path, limit)


def changed(files: TrackedFiles) -> tuple[Path, ...]:
    held, now = files.held(), files.look()
    return tuple(path for path in held if now[path] != held[path])


def test_a_load_reads_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("T")
    (tmp_path / "config.yaml").write_text(
        "instances: [{name: a, id: A, token_file: token}, {name: b, id: B, token_file: ./token}]\n"
    )
    reader = CountingReader()
    files = TrackedFiles(tmp_path, reader)
    load(tmp_path / "config.yaml", {}, files)
    assert reader.reads == {"config.yaml": 1, "token": 1}
    assert files.all == (tmp_path / "config.yaml", tmp_path / "token")
    assert files.secrets == (tmp_path / "token",)
    assert changed(files) == ()
    load(tmp_path / "config.yaml", {}, files.unread())
    assert reader.reads == {"config.yaml": 3, "token": 3}


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("other"),
        Path.unlink,
        lambda file: file.chmod(0o600) or file.write_text(""),
    ],
    ids=["another content", "gone", "empty"],
)
def test_a_change_names_the_file(tmp_path: Path, change: Callable[[Path], object]) -> None:
    files = TrackedFiles(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        assert files.secret(name) == name
    change(tmp_path / "two")
    assert changed(files) == (tmp_path / "two",)


def test_a_file_that_could_not_be_read_has_changed_once_it_can(tmp_path: Path) -> None:
    files = TrackedFiles(tmp_path)
    for _ in range(2):
        with pytest.raises(UnreadableFile, match=r"^does not exist$"):
            files.read("later")
    assert changed(files) == ()
    (tmp_path / "later").write_text("here")
    assert changed(files) == (tmp_path / "later",)
