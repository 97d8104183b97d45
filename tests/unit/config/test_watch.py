"""Changes of a configuration's files are seen by their content."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from exporter.config.load import ConfigFile, open_source
from exporter.config.problem import InvalidConfig
from exporter.flags import parse
from exporter.model.clock import SystemClock
from exporter.model.shard import Shard

DOCUMENT = (
    "api: {ca_file: ca.pem}\ninstance_files: [teams/*.yaml]\n"
    "instances: [{name: vendas, id: A1, token_file: token}]\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The token and an instance file are links through ..data, which kubelet makes another folder to update them."""
    for version in ("1", "2"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}/token").write_text(f"T{version}")
        (tmp_path / f"..{version}/a.yaml").write_text(f"[{{name: of-{version}, id: B, token: T}}]")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "token").symlink_to("..data/token")
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams/a.yaml").symlink_to("../..data/a.yaml")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "config.yaml").write_text(DOCUMENT)
    return tmp_path


def seen(source: ConfigFile) -> list[str]:
    """The names of what has changed since the last load."""
    held, now = source.held, source.holds()
    assert held.keys() == now.keys()
    return sorted(path.name for path in held if now[path] != held[path])


def tokens(source: ConfigFile) -> dict[str, str]:
    """What a load gives, which is nothing where it is refused; it is tried once."""
    try:
        config = source.load()
    except InvalidConfig:
        config = None
    assert seen(source) == []
    return {one.name: one.token.reveal() for one in config.instances} if config else {}


def swap(folder: Path) -> None:
    (folder / "..new").symlink_to("..2")
    (folder / "..new").rename(folder / "..data")


SAME = {"vendas": "T1", "of-1": "T"}


@pytest.mark.parametrize(
    ("change", "names", "then"),
    [
        (lambda folder: (folder / "config.yaml").write_text(DOCUMENT), [], SAME),
        (lambda folder: (folder / "config.yaml").write_text(DOCUMENT + "# more"), ["config.yaml"], SAME),
        (lambda folder: (folder / "config.yaml").write_text("instances: ["), ["config.yaml"], {}),
        (lambda folder: trustme.CA().cert_pem.write_to_path(str(folder / "ca.pem")), ["ca.pem"], SAME),
        (lambda folder: (folder / "token").write_text("T3"), ["token"], {**SAME, "vendas": "T3"}),
        (lambda folder: (folder / "token").write_text(""), ["token"], {}),
        (swap, ["a.yaml", "token"], {"vendas": "T2", "of-2": "T"}),
        (lambda folder: (folder / "teams/a.yaml").write_text("- {"), ["a.yaml"], SAME),
        (lambda folder: (folder / "teams/a.yaml").unlink(), ["*.yaml", "a.yaml"], {"vendas": "T1"}),
        (lambda folder: (folder / "teams/b.yaml").write_text("[]"), ["*.yaml"], SAME),
    ],
)
def test_a_change_is_seen_once(
    folder: Path, change: Callable[[Path], object], names: list[str], then: dict[str, str]
) -> None:
    source = ConfigFile(folder / "config.yaml", {})
    assert tokens(source) == SAME
    change(folder)
    assert seen(source) == names
    assert tokens(source) == then


@pytest.mark.parametrize("name", ["config.yaml", "token", "ca.pem"])
def test_a_file_that_was_missing_is_seen_when_it_comes_and_goes(folder: Path, name: str) -> None:
    source = ConfigFile(folder / "config.yaml", {})
    for _ in range(2):
        (folder / name).rename(folder / "away")
        assert tokens(source) == {}
        (folder / "away").rename(folder / name)
        assert seen(source) == [name]
        assert tokens(source) == SAME


def test_a_source_is_the_file_or_the_demo_with_the_instances_of_a_shard(folder: Path) -> None:
    file = folder / "config.yaml"
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


@pytest.mark.parametrize(("flags", "warned"), [(["--config.file=other.yaml"], True), ([], False)])
def test_a_file_that_the_demo_does_not_read_is_a_warning(
    flags: list[str], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with open_source(parse(["--demo=4", *flags]), {}, SystemClock()):
        assert ("the configuration file is not read" in caplog.text) is warned
