"""Which certificate authorities are trusted: those of the configuration, of the environment, or the public ones."""

import logging
from pathlib import Path

import pytest
import trustme

from exporter.config.source import ConfigFile
from tests.unit.config.documents import MINIMAL, load_text, problems_of


@pytest.fixture
def pems(tmp_path: Path) -> dict[str, str]:
    """Three files of authorities, and what they hold."""
    written = {name: trustme.CA().cert_pem.bytes().decode() for name in ("own", "ssl", "requests")}
    for name, pem in written.items():
        (tmp_path / f"{name}.pem").write_text(pem)
    return written


def test_the_public_ones_are_trusted_where_nothing_is_said(tmp_path: Path) -> None:
    assert load_text(tmp_path, MINIMAL, {"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": ""}).api.ca_pem is None


@pytest.mark.parametrize(
    ("text", "named", "taken"),
    [
        ("", ("REQUESTS_CA_BUNDLE",), "requests"),
        ("", ("SSL_CERT_FILE",), "ssl"),
        ("", ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), "ssl"),
        ("api: {ca_file: own.pem}\n", ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), "own"),
    ],
)
def test_the_configuration_goes_before_the_environment(
    tmp_path: Path,
    pems: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    text: str,
    named: tuple[str, ...],
    taken: str,
) -> None:
    caplog.set_level(logging.INFO)
    files = {"SSL_CERT_FILE": "ssl.pem", "REQUESTS_CA_BUNDLE": "requests.pem"}
    (tmp_path / "config.yaml").write_text(text + MINIMAL)
    source = ConfigFile(tmp_path / "config.yaml", {name: str(tmp_path / files[name]) for name in named})
    for _ in range(2):
        config = source.load()
    assert config.api.ca_pem == pems[taken]
    assert tmp_path / f"{taken}.pem" in config.files
    (tmp_path / "config.yaml").write_text("api: {ca_file: own.pem}\n" + MINIMAL)
    assert source.load().api.ca_pem == pems["own"]
    told = [(vars(record)["variable"], vars(record)["path"]) for record in caplog.records]
    assert told == ([] if taken == "own" else [(named[0], str(tmp_path / files[named[0]]))])


def test_a_variable_that_names_no_certificates_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(MINIMAL)
    advice = "correct SSL_CERT_FILE in the environment, or set api.ca_file"
    for name, why in (("none", "does not exist"), ("config.yaml", "contains no certificate in PEM format")):
        told = problems_of(file, {"SSL_CERT_FILE": str(tmp_path / name)})
        assert told == [f"1: api.ca_file: is not set, and SSL_CERT_FILE names a file that {why}; {advice}"]


def test_a_current_folder_that_was_removed_matters_to_relative_names_only(
    tmp_path: Path, pems: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    config = load_text(tmp_path, MINIMAL, {"SSL_CERT_FILE": str(tmp_path / "ssl.pem")})
    assert config.api.ca_pem == pems["ssl"]
    (told,) = problems_of(tmp_path / "config.yaml", {"SSL_CERT_FILE": "ssl.pem"})
    assert "SSL_CERT_FILE names a file that does not exist" in told
