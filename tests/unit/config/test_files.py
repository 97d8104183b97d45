"""The files of a load: read once each, and compared afterwards."""

from pathlib import Path

from exporter.config.file_reader import FileReader
from exporter.config.files import MAX_BYTES, TrackedFiles
from exporter.config.load import load


class CountingReader(FileReader):
    """Counts how often each file is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: dict[str, int] = {}

    def read(self, path: Path, limit: int) -> bytes:
        self.reads[path.name] = self.reads.get(path.name, 0) + 1
        return super().read(path, limit)


def test_a_load_reads_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("T")
    (tmp_path / "more.yaml").write_text("[{name: c, id: C, token_file: token}]")
    (tmp_path / "config.yaml").write_text(
        "#"
        * MAX_BYTES
        + "\ninstances: [{name: a, id: A, token_file: token}, {name: b, id: B, token_file: ./token}]"
        "\ninstance_files: [more.yaml]\n"
    )
    reader = CountingReader()
    files = TrackedFiles(tmp_path, reader)
    load(tmp_path / "config.yaml", {}, files)
    assert reader.reads == {"config.yaml": 1, "token": 1, "more.yaml": 1}
    assert files.all == (tmp_path / "config.yaml", tmp_path / "token", tmp_path / "more.yaml")
    assert files.secrets == (tmp_path / "token",)
    assert files.look() == files.held()
    load(tmp_path / "config.yaml", {}, files.unread())
    assert reader.reads == {"config.yaml": 3, "token": 3, "more.yaml": 3}
