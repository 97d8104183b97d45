"""The lists that are kept on disk."""

import itertools
import json
import logging
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exporter.discovery.cache import ListCache
from exporter.discovery.known_list import KnownList
from exporter.model.account_list import MAX_TEXT, ListedInstance
from exporter.model.secret import Secret

KNOWN = KnownList(
    (
        ListedInstance("A", Secret("SECRET-1"), "vendas", 1.5),
        ListedInstance("B", None, 'loja "7"\n', None),
        ListedInstance("ç", Secret("SECRET-2"), "😀", 0.0),
    ),
    last_success=1_700_000_000.25,
)


def test_a_list_is_read_as_it_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")  # a file is moved within its own file system only
    folder = tmp_path / "new" / "lists"
    cache = ListCache(folder)
    assert cache.load("São João!") is None
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    cache.store("São João!", KNOWN)
    assert synced == [path.stat().st_size for path in folder.iterdir()]
    assert folder.stat().st_mode & 0o777 == 0o700
    (name,) = os.listdir(folder)
    assert re.fullmatch(r"account-S-o-Jo-o-\w{16}\.json", name)
    assert caplog.records == []
    assert cache.load("São João!") == KNOWN
    (record,) = caplog.records
    assert (vars(record)["account"], vars(record)["instances"]) == ("São João!", 3)


def test_nothing_is_kept_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ListCache().store("matriz", KNOWN)
    assert (ListCache().load("matriz"), os.listdir(tmp_path)) == (None, [])


@pytest.mark.parametrize("one", ["matriz", "../../x", "a/b", ".", "", "x" * 300, "a\x00b"])
def test_accounts_of_any_names_have_files_of_their_own(tmp_path: Path, one: str) -> None:
    cache = ListCache(tmp_path)
    for _ in range(2):  # a file that others may read is replaced by one that they may not
        cache.store(one, KNOWN)
        cache.store("other", KnownList(last_success=1.0))
        assert cache.load(one) == KNOWN
        assert len(os.listdir(tmp_path)) == 2
        for file in tmp_path.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600
            file.chmod(0o644)


GOOD: Mapping[str, Any] = {
    "format": "zapi-exporter account list 1",
    "account": "matriz",
    "read_at": 1,
    "instances": [{"id": "A", "token": "SECRET", "name": "x" * MAX_TEXT, "created": None}],
}


def good_with(**fields: object) -> str:
    """A file as the exporter writes it, but for some fields of its instance."""
    return json.dumps({**GOOD, "instances": [GOOD["instances"][0] | fields]})


@pytest.mark.parametrize(
    "content",
    [
        *("", "{}", "[]", "\xff", "[" * 100_000),
        json.dumps({**GOOD, "format": "zapi-exporter account list 2"}),
        json.dumps({**GOOD, "account": "other"}),
        *(json.dumps({**GOOD, "read_at": value}) for value in ("x", -1, True, float("inf"), float("nan"))),
        json.dumps({**GOOD, "instances": 7}),
        json.dumps({**GOOD, "instances": [{"id": "1"}]}),
        *(good_with(id=value) for value in (1, "", "a b", None)),
        *(good_with(token=value) for value in ("SECRET\n", 7, "")),
        *(good_with(name=value) for value in (["SECRET"], None, "\ud800", "x" * (MAX_TEXT + 1))),
        *(good_with(created=value) for value in (float("-inf"), "x", True)),
    ],
    ids=itertools.count(),
)
def test_a_file_that_the_exporter_did_not_write_is_told_and_left_out(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ListCache(tmp_path)
    cache.store("matriz", KNOWN)
    (file,) = tmp_path.iterdir()
    file.write_bytes(good_with().encode())
    assert cache.load("matriz") is not None
    file.write_bytes(content.encode("latin-1"))
    assert cache.load("matriz") is None
    (record,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert (vars(record)["path"], vars(record)["problem"]) == (str(file), "is not what the exporter wrote")
    assert "SECRET" not in str(vars(record))


def test_a_folder_that_cannot_be_used_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    cache = ListCache(in_the_way)
    cache.store("matriz", KNOWN)
    cache.store("matriz", KNOWN)
    assert cache.load("matriz") is None
    assert [(vars(record)["path"], vars(record)["problem"]) for record in caplog.records] == [
        (str(in_the_way), "File exists")
    ]
    in_the_way.unlink()
    cache.store("matriz", KNOWN)
    shutil.rmtree(in_the_way)
    in_the_way.write_text("")
    cache.store("matriz", KNOWN)
    assert len(caplog.records) == 2


def test_a_failed_replacement_leaves_no_file_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = ListCache(tmp_path)
    cache.store("matriz", KNOWN)
    (file,) = tmp_path.iterdir()
    file.unlink()
    file.mkdir()
    cache.store("matriz", KNOWN)
    assert list(tmp_path.iterdir()) == [file]
    caplog.clear()
    assert cache.load("matriz") is None
    assert [(vars(record)["account"], vars(record)["path"]) for record in caplog.records] == [
        ("matriz", str(file))
    ]
    assert "is a directory" in vars(caplog.records[0])["problem"]


def test_a_folder_that_cannot_be_read_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / ("x" * 300)  # refused to root too, whom no permission keeps out
    assert ListCache(folder).load("matriz") is None
    (record,) = caplog.records
    assert record.getMessage() == (
        "the cached list of an account cannot be read; make the directory accessible to the user of the exporter"
    )
    told = vars(record)
    assert (told["account"], told["problem"]) == ("matriz", "cannot be read: File name too long")
    assert told["path"].startswith(f"{folder}/account-matriz-")


@pytest.mark.parametrize("name", ["file", "file/lists", "x" * 300])
def test_a_folder_that_cannot_be_written_is_told_at_start(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    cache = ListCache(tmp_path / name)
    cache.check()
    cache.store("matriz", KNOWN)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == (
        "WARNING",
        "lists of accounts cannot be cached; give --accounts.cache-directory a directory that the exporter may "
        "write to",
    )
    assert vars(record)["path"] == str(tmp_path / name)
    assert vars(record)["problem"] in ("File exists", "Not a directory", "File name too long")


def test_a_folder_that_can_be_written_is_left_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")  # it is tried where the lists are kept
    ListCache().check()
    ListCache(tmp_path / "new" / "lists").check()
    assert (os.listdir(tmp_path / "new" / "lists"), caplog.records) == ([], [])
