from pathlib import Path

import pytest

from exporter.config.files import PermissionChecker


def names(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The files warned of since it was last asked."""
    assert all("run chmod o-r on it" in record.getMessage() for record in caplog.records)
    found = [Path(vars(record)["path"]).name for record in caplog.records]
    caplog.clear()
    return found


def a_file(folder: Path, name: str, mode: int) -> Path:
    file = folder / name
    file.touch()
    file.chmod(mode)
    return file


def test_only_a_file_that_everyone_can_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    modes = {"open": 0o644, "open to others alone": 0o604, "of a group": 0o640, "written by all": 0o622}
    files = [a_file(tmp_path, name, mode) for name, mode in modes.items()]
    (tmp_path / "link").symlink_to("of a group")
    PermissionChecker().check([*files, tmp_path / "link", tmp_path / "gone"])
    assert names(caplog) == ["open", "open to others alone"]


def test_a_file_is_told_of_again_once_it_was_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, checker = a_file(tmp_path, "token", 0o644), PermissionChecker()
    for mode, expected in ((0o644, ["token"]), (0o644, []), (0o600, []), (0o644, ["token"]), (0o644, [])):
        file.chmod(mode)
        checker.check([file])
        assert names(caplog) == expected
    checker.check([file, a_file(tmp_path, "later", 0o644)])
    assert names(caplog) == ["later"]
