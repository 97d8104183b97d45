"""Changes of a configuration's files are seen by their content."""

import os
from pathlib import Path

import certifi
import pytest

from exporter.config.problem import InvalidConfig
from exporter.config.source import ConfigFile, open_source
from exporter.flags import parse
from exporter.model.clock import SystemClock
from exporter.model.shard import Shard

DOCUMENT = "instances: [{name: vendas, id: A1, token_file: %s}]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("one")
    (tmp_path / "config.yaml").write_text(DOCUMENT % "token")
    return tmp_path / "config.yaml"


def test_a_source_is_the_file_or_the_demo_and_has_the_instances_of_its_shard(file: Path) -> None:
    whole = "instances:\n" + "".join(f"- {{name: n{one}, id: ID{one}, token: T}}\n" for one in range(20))
    file.write_text(whole)
    shares = []
    for shard in (0, 1):
        flags = [f"--config.file={file}", f"--shard={shard}", "--total-shards=2"]
        with open_source(parse(flags), {}, SystemClock()) as source:
            config = source.load()
            assert source.files is not None
            assert source.files.held.keys() == {file}
        assert config.shard == Shard(shard, 2)
        shares.append({instance.name for instance in config.instances})
    assert all(shares)
    assert shares[0] ^ shares[1] == {f"n{one}" for one in range(20)}
    with open_source(parse(["--demo=4"]), {}, SystemClock()) as source:
        assert source.files is None
        assert source.load().instances


def loaded(file: Path) -> ConfigFile:
    source = ConfigFile(file, {})
    source.load()
    assert source.holds() == source.held
    return source


def rejected(file: Path) -> ConfigFile:
    source = ConfigFile(file, {})
    with pytest.raises(InvalidConfig):
        source.load()
    assert source.holds() == source.held
    return source


def test_the_same_content_written_again_is_no_change(file: Path) -> None:
    """A file that is written again with the same content has not changed."""

    source = loaded(file)
    file.write_text(file.read_text())
    file.touch()
    assert source.holds() == source.held


def test_a_changed_document_is_seen(file: Path) -> None:
    source = loaded(file)
    file.write_text(file.read_text() + "# a comment\n")
    assert source.holds() != source.held


def test_a_rewritten_token_file_is_seen(file: Path) -> None:
    source = loaded(file)
    (file.parent / "token").write_text("two")
    assert source.holds() != source.held
    assert source.load().instances[0].token.reveal() == "two"
    assert source.holds() == source.held


def test_the_swapped_link_of_a_kubernetes_secret_is_seen(file: Path) -> None:
    """As kubelet does it: token → ..data/token, and ..data → a folder that is another after each update."""
    folder = file.parent
    for version in ("1", "2"):
        (folder / f"..{version}").mkdir()
        (folder / f"..{version}" / "token").write_text(version)
    (folder / "token").unlink()
    (folder / "token").symlink_to("..data/token")
    (folder / "..data").symlink_to("..1")
    source = loaded(file)
    (folder / "..new").symlink_to("..2")
    (folder / "..new").rename(folder / "..data")
    assert source.holds() != source.held
    assert source.load().instances[0].token.reveal() == "2"


def test_renewed_certificate_authorities_are_seen(file: Path) -> None:
    authorities = file.parent / "ca.pem"
    authorities.write_bytes(Path(certifi.where()).read_bytes())
    file.write_text("api: {ca_file: ca.pem}\n" + file.read_text())
    source = loaded(file)
    authorities.write_text(authorities.read_text() + "\n")
    assert source.holds() != source.held


def test_a_file_that_goes_and_comes_back_is_seen_both_times(file: Path) -> None:
    source = loaded(file)
    content = file.read_text()
    file.unlink()
    assert source.holds() != source.held
    with pytest.raises(InvalidConfig):
        source.load()
    assert source.holds() == source.held
    file.write_text(content)
    assert source.holds() != source.held


def test_a_named_file_that_was_missing_is_seen_when_it_comes(file: Path) -> None:
    (file.parent / "token").unlink()
    source = rejected(file)
    (file.parent / "token").write_text("one")
    assert source.holds() != source.held
    source.load()


def test_bad_content_is_remembered_so_that_it_is_tried_once(file: Path) -> None:
    file.write_text("instances: [")
    rejected(file)


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_what_is_no_file_is_never_waited_for(file: Path, what: str) -> None:
    source = loaded(file)
    file.unlink()
    if what == "folder":
        file.mkdir()
    else:
        os.mkfifo(file)
    assert source.holds()[file] is None
