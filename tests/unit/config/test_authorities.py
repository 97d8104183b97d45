"""Which certificate authorities are trusted: those of the configuration, of the environment, or the public ones."""

import logging
from pathlib import Path

import pytest
import trustme

from exporter.config.load import ConfigFile
from tests.unit.config.documents import MINIMAL, load_text, problems_of


@pytest.fixture
def pems(tmp_path: Path) -> dict[str, str]:
    """Three files of authorities, and what they hold."""
    written = {name: trustme.CA().cert_pem.bytes().decode() for name in ("own", "ssl", "requests")}
    for name, pem in written.items():
        (tmp_path / f"{name}.pem").write_text(pem)
    return written


@pytest.mark.parametrize(
    ("text", "named", "taken"),
    [
        ("", (), None),
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
    taken: str | None,
) -> None:
    caplog.set_level(logging.INFO)
    files = {"SSL_CERT_FILE": str(tmp_path / "ssl.pem"), "REQUESTS_CA_BUNDLE": str(tmp_path / "requests.pem")}
    source = ConfigFile(
        tmp_path / "config.yaml", {name: file * (name in named) for name, file in files.items()}
    )
    for before in (text, text, "api: {ca_file: own.pem}\n", text):
        (tmp_path / "config.yaml").write_text(before + MINIMAL)
        config = source.load()
        expected = "own" if before else taken
        assert config.api.ca_pem == (pems[expected] if expected else None)
        assert {file.stem for file in config.files[1:]} == {expected} - {None}
    told = [(vars(record)["variable"], vars(record)["path"]) for record in caplog.records]
    assert told == ([] if taken in ("own", None) else [(named[0], files[named[0]])] * 2)


def test_a_variable_that_names_no_certificates_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(MINIMAL)
    advice = "correct SSL_CERT_FILE in the environment, or set api.ca_file"
    no_certificate = (
        "contains no certificate that can be read; at least one complete PEM block (BEGIN CERTIFICATE to END "
        "CERTIFICATE) is expected"
    )
    for name, why in (("none", "does not exist"), ("config.yaml", no_certificate)):
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
