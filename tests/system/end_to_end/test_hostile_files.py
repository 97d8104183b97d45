"""Files that are no files stop neither an answer nor a signal of the installed command."""

import os
import signal
from pathlib import Path

import pytest

from harness.processes import eventually, exporter


def replace(file: Path, what: str) -> None:
    file.unlink()
    if what == "a named pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")


@pytest.mark.parametrize("what", ["a named pipe", "a device"])
def test_a_configuration_that_becomes_no_file_stops_no_signal(tmp_path: Path, what: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("api: {base_url: 'http://127.0.0.1:1'}\ninstances: [{name: a, id: A, token: T}]\n")
    with exporter(tmp_path, f"--config.file={file}") as running:
        replace(file, what)
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: f"document: is {what}, not a regular file" in running.log.read_text())
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0
