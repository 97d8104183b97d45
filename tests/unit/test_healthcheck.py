"""The health check of the image asks the exporter that is process 1, whatever its flags."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme

from exporter import healthcheck
from harness.ports import refusing_port
from harness.processes import exporter, free_port
from tests.unit.httpd.certificates import EXAMPLES, write_files


@pytest.mark.parametrize("host", ["127.0.0.1", "", "localhost"])
def test_it_finds_the_address_in_the_command_line(tmp_path: Path, host: str) -> None:
    with exporter(tmp_path, "--demo=1", address=f"{host}:{free_port()}", ready=False) as running:
        assert healthcheck.main(Path(f"/proc/{running.process.pid}/cmdline")) == 0


@pytest.mark.parametrize("example", ["tls.yaml", "tls-and-password.yaml", "client-certificates.yaml"])
def test_an_exporter_that_would_not_let_it_in_is_alive(tmp_path: Path, example: str) -> None:
    web = tmp_path / example
    web.write_text((EXAMPLES / example).read_text())
    write_files(tmp_path, trustme.CA())
    arguments = ["--demo=1", f"--web.config.file={web}"]
    with exporter(tmp_path, *arguments, address=f"127.0.0.1:{free_port()}", ready=False) as running:
        assert healthcheck.main(Path(f"/proc/{running.process.pid}/cmdline")) == 0


def test_it_names_the_address_that_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command_line = tmp_path / "cmdline"
    with refusing_port() as port:
        command_line.write_text(f"python3\0/bin/zapi-exporter\0--web.listen-address=127.0.0.1:{port}\0")
        assert healthcheck.main(command_line) == 1
    assert capsys.readouterr().err == f"no exporter answers at 127.0.0.1:{port}\n"


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (["/opt/bin/python3", "/opt/bin/zapi-exporter", "--demo"], ["--demo"]),
        (["/sbin/docker-init", "--", "/opt/bin/zapi-exporter", "--demo"], ["--demo"]),
        (["/pause"], []),
        ([""], []),
    ],
)
def test_only_the_exporters_own_arguments_count(words: Sequence[str], arguments: Sequence[str]) -> None:
    assert list(healthcheck.arguments_of(words)) == arguments
