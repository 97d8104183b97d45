"""The health check asks a real exporter, whatever its address and whatever guards it."""

from pathlib import Path

import pytest
import trustme

from exporter import healthcheck
from harness.ports import refusing_port
from harness.processes import exporter
from tests.unit.httpd.certificates import EXAMPLES, write_files

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("host", ["127.0.0.1", "", "localhost", "[::1]", "[::]", "0.0.0.0"])
def test_an_exporter_answers_at_any_address(tmp_path: Path, host: str) -> None:
    with exporter(tmp_path, "--demo=1", address=f"{host}:0", ready=False) as running:
        assert healthcheck.main([running.url.removeprefix("http://")]) == 0


@pytest.mark.parametrize("example", ["tls.yaml", "tls-and-password.yaml", "client-certificates.yaml"])
def test_an_exporter_that_would_not_let_it_in_is_alive(tmp_path: Path, example: str) -> None:
    web = tmp_path / example
    web.write_text((EXAMPLES / example).read_text())
    write_files(tmp_path, trustme.CA())
    arguments = ["--demo=1", f"--web.config.file={web}"]
    with exporter(tmp_path, *arguments, ready=False) as running:
        assert healthcheck.main([running.url.removeprefix("https://")]) == 0


def test_it_names_the_address_that_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with refusing_port() as port, exporter(tmp_path, "--demo=1", ready=False) as running:
        assert healthcheck.main([running.url.removeprefix("http://"), f"127.0.0.1:{port}"]) == 1
    assert capsys.readouterr().err == f"the exporter does not answer at 127.0.0.1:{port}\n"


def test_it_says_that_there_is_no_exporter(capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main([]) == 1
    assert capsys.readouterr().err == "no exporter is listening in this container\n"
